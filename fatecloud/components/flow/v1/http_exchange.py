"""Makes one HTTP exchange on the node itself, because flow's API may listen on loopback only. Standard library only.

Standard input: one JSON object with method, url, and optionally body (an object) and timeout (seconds).
Standard output: `{"status": 200, "body": {...}}`, or `{"error": "..."}` when there was no usable answer, with
`"refused": true` where nothing listens.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.probing.dialing import address_of, readable
from fatecloud.probing.http_get import NoHttp, post

LIMIT = 4 << 20
"""Bytes. A longer answer is refused: no expected answer comes near it."""


def exchange(request: dict[str, Any], limit: int = LIMIT) -> dict[str, Any]:
    """Send one request and return its answer, of so many bytes at most, or the reason why there is none."""
    where, _, path = request["url"].partition("://")[2].partition("/")
    body = json.dumps(request.get("body") or {}).encode()
    seconds = float(request.get("timeout", 15))
    try:
        status, _, octets = post(*address_of(where), f"/{path}", body, timeout=seconds, headers={}, limit=limit)
    except OSError as error:
        return {"error": f"{type(error).__name__}: {error}", "refused": isinstance(error, ConnectionRefusedError)}
    except NoHttp as error:
        return {"error": f"the answer is not HTTP: {readable(error)}"}
    try:
        return {"status": status, "body": json.loads(octets)}
    except (RecursionError, ValueError):
        return {"error": f"HTTP {status} without JSON: {octets[:200]!r}"}


if __name__ == "__main__":
    json.dump(exchange(json.load(sys.stdin)), sys.stdout)
