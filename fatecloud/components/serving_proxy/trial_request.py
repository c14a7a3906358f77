"""Runs on the node of a proxy: one request to score, as an application sends it."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.http_get import NoHttp, post

SECONDS = 15.0
MOST = 1 << 20


def predicted(host: str, port: int, call: str, document: str) -> dict[str, Any]:
    """The answer: `retcode`, and what else it has; `seconds` until it came.

    Args:
        host: of the proxy.
        port: of its HTTP.
        call: `inference` or `batchInference`.
        document: JSON.
    """
    began = time.monotonic()
    try:
        status, _, body = post(
            host, port, f"/federation/v1/{call}", document.encode(), timeout=SECONDS, headers={}, limit=MOST
        )
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
    sys.stdout.write(json.dumps(predicted(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])) + "\n")
