"""Runs on the node: does a request for this party reach its flow through nginx?"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

from fatecloud.components.http_get import NoHttp, get

TIMEOUT = 10
GATEWAY = {502: "refused", 503: "refused", 504: "timeout"}
OK = 200


def judge(host: str, port: int, party: str) -> dict[str, Any]:
    """Ask for flow's information page with the header that flow's requests carry."""
    headers = {"dest-party-id": party, "service": "fateflow"}
    try:
        status, reason, body = get(host, port, "/v2/server/fateflow", timeout=TIMEOUT, headers=headers)
    except (TimeoutError, socket.timeout):  # noqa: UP041 - two classes before Python 3.10
        return {"ok": False, "kind": "timeout", "error": f"no answer within {TIMEOUT} s"}
    except OSError as error:
        return {"ok": False, "kind": "proxy", "error": f"{host}:{port}: {error}"}
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": repr(error)[:300]}
    if status != OK:
        kind = GATEWAY.get(status, "status")
        return {"ok": False, "kind": kind, "status": status, "error": f"HTTP {status} {reason}"}
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError):
        return {"ok": False, "kind": "foreign", "status": OK, "error": "what answers is not flow"}
    return {"ok": True, "status": OK, "code": code}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
