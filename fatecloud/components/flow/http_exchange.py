# ruff: noqa: UP, FA
"""One HTTP exchange made on the node itself; shipped as text, so the standard library only, Python 3.6 and later.

Standard input: one JSON object with method, url, and optionally query (object), body (object) and timeout (seconds).
Standard output: one JSON object: `{"status": 200, "body": {...}}`, or `{"error": "..."}` when there was no usable answer.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict

LIMIT = 4 * 1024 * 1024
"""An answer above this many bytes is refused: none that we ask for comes near it."""


def exchange(request):
    # type: (Dict[str, Any]) -> Dict[str, Any]
    """Send one request and give its answer as a JSON object, or the reason why there is none."""
    url = request["url"]
    if request.get("query"):
        url += "?" + urllib.parse.urlencode(request["query"])
    body = request.get("body")
    call = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode("utf-8"),
        headers={"Content-Type": "application/json", "Connection": "close"},
        method=request["method"],
    )
    # A proxy from the node's environment must not stand between us and a service on this network.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(call, timeout=float(request.get("timeout", 15))) as answer:
            status, data = answer.status, answer.read(LIMIT + 1)
    except urllib.error.HTTPError as error:
        status, data = error.code, error.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        return {"error": "%s: %s" % (type(error).__name__, getattr(error, "reason", error))}
    if len(data) > LIMIT:
        return {"error": "the answer has more than %d bytes" % LIMIT}
    try:
        return {"status": status, "body": json.loads(data.decode("utf-8"))}
    except ValueError:
        return {"error": "HTTP %d without JSON: %r" % (status, data[:200])}


if __name__ == "__main__":
    json.dump(exchange(json.load(sys.stdin)), sys.stdout)
