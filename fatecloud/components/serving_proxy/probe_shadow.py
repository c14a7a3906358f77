"""Runs on the node: the request whose answer is known, sent to the own proxy as an application sends it.

Nothing of its features is in the answer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from fatecloud.components.serving_proxy.own_table import is_here, own_table
from fatecloud.components.serving_proxy.trial_request import predicted
from fatecloud.probing.dialing import address_of

AGAIN_SECONDS = 1.0
LOOP = "loop"
"""Kind of an answer that another check explains."""
KEPT = "hit host cache"
"""What a server says of an answer for which it asked no other party."""


def shadow(page: str, path: str, table: str, itself: list[str]) -> dict[str, Any]:
    """The document: `score`, or why there is none. The first request after a start may fail, so it is sent twice.

    Where the proxy sends packets to itself none is sent: it would go round, and take all of its threads.

    Args:
        page: of the proxy, for applications.
        path: of the request.
        table: of routes.
        itself: under which addresses others reach this proxy.
    """
    routes = own_table(table).get("routes", {})
    if any(is_here(where, itself) for roles in routes.values() for ends in roles.values() for where in ends):
        return {"ok": False, "kind": LOOP, "error": "no request is sent while the table of routes leads back"}
    try:
        with open(path, encoding="utf-8") as file:
            request = json.load(file)
    except (OSError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {getattr(error, 'strerror', None) or 'no JSON'}"}
    answer = _asked(page, request)
    if not answer["ok"]:
        time.sleep(AGAIN_SECONDS)
        answer = _asked(page, request)
    return answer


def _asked(page: str, request: dict[str, Any]) -> dict[str, Any]:
    # An id that no one had: a score that was kept would hide that the other party is away.
    remote = dict(request["remote"], fatecloud=os.urandom(16).hex())
    body = {"featureData": request["features"], "sendToRemoteFeatureData": remote}
    document = json.dumps({"head": {"serviceId": request["service"]}, "body": body}).encode()
    host, port = address_of(page)
    found = predicted(host, port, "inference", document)
    if not found["ok"]:
        return found
    code, words = found["retcode"], found["retmsg"]
    if code:
        return {"ok": False, "kind": "code", "error": f"code {code}: {words}".rstrip(": "), "retcode": code}
    if words == KEPT:
        return {"ok": False, "kind": "kept", "error": "its answer was kept, and no other party was asked"}
    data = found["answer"].get("data")
    # Serving 1 calls it otherwise.
    score = data.get("score", data.get("prob")) if isinstance(data, dict) else None
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        return {"ok": False, "kind": "score", "error": "code 0, and no score"}
    return {"ok": True, "score": score}


if __name__ == "__main__":
    page, path, table, itself = sys.argv[1:]
    sys.stdout.write(json.dumps(shadow(page, path, table, itself.split(","))) + "\n")
