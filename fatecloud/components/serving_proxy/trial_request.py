"""Runs on the node of a proxy: one request to score, as an application sends it.

Standard input: the request, JSON. It has features of people, which everyone on the node could read among arguments.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.http_get import NoHttp, post

SECONDS = 15.0
MOST = 1 << 20


def predicted(host: str, port: int, call: str, document: bytes) -> dict[str, Any]:
    """The answer: `retcode`, and what else it has; `seconds` until it came.

    Args:
        host: of the proxy.
        port: of its HTTP.
        call: `inference` or `batchInference`.
        document: JSON.
    """
    began = time.monotonic()
    try:
        status, _, body = post(host, port, f"/federation/v1/{call}", document, timeout=SECONDS, headers={}, limit=MOST)
        ended = time.monotonic()
        found = json.loads(body)
    except OSError as error:
        return trouble(error, SECONDS, "silent")
    except (NoHttp, ValueError, RecursionError) as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}
    # The proxy's own refusals have `code` in the place of `retcode`.
    try:
        code = int(found.get("retcode", found.get("code")))
    except (ValueError, TypeError, AttributeError, OverflowError):
        return {"ok": False, "kind": "foreign", "error": f"HTTP {status}, and no answer of Serving's"}
    return {
        "ok": True,
        "retcode": code,
        "retmsg": readable(found.get("retmsg", found.get("message", ""))),
        "answer": found,
        "seconds": ended - began,
    }


if __name__ == "__main__":
    host, port, call = sys.argv[1:]
    sys.stdout.write(json.dumps(predicted(host, int(port), call, sys.stdin.buffer.read())) + "\n")
