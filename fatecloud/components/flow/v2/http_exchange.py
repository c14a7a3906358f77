"""Makes one HTTP exchange on the node itself, because flow's API may listen on loopback only. Standard library only.

Standard input: one JSON object with method, url, and optionally query, body (objects), timeout (seconds) and settings
(the file of flow's that has what a request is signed with).
Standard output: `{"status": 200, "body": {...}}`, or `{"error": "..."}` when there was no usable answer, with
`"refused": true` where nothing listens.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from fatecloud.components.flow.v2.signing import as_admin

LIMIT = 4 * 1024 * 1024
"""Bytes. A longer answer is refused: no expected answer comes near it."""


class Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: what listens on flow's port must not send a question of root's elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """None makes it the answer."""


def exchange(request: dict[str, Any]) -> dict[str, Any]:
    """Send one request and return its answer, or the reason why there is none."""
    url = request["url"]
    if request.get("query"):
        url += "?" + urllib.parse.urlencode(request["query"], doseq=True)
    body = request.get("body")
    call = urllib.request.Request(  # noqa: S310 - the address is ours, out of the inventory
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Connection": "close",
            **as_admin(request.get("settings") or ""),
        },
        method=request["method"],
    )
    # A proxy from the node's environment must not intercept requests to a service on this network.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays)
    try:
        with opener.open(call, timeout=float(request.get("timeout", 15))) as answer:
            status, data = answer.status, answer.read(LIMIT + 1)
    except urllib.error.HTTPError as error:
        status, data = error.code, error.read(LIMIT + 1)
    except OSError as error:
        cause = getattr(error, "reason", error)
        return {"error": f"{type(error).__name__}: {cause}", "refused": isinstance(cause, ConnectionRefusedError)}
    if len(data) > LIMIT:
        return {"error": f"the answer has more than {LIMIT} bytes"}
    try:
        return {"status": status, "body": json.loads(data)}
    except (RecursionError, ValueError):
        return {"error": f"HTTP {status} without JSON: {data[:200]!r}"}


if __name__ == "__main__":
    json.dump(exchange(json.load(sys.stdin)), sys.stdout)
