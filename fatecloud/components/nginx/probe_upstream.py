"""Runs on the node: does a request for the own party reach the own flow through nginx?"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from typing import Any

TIMEOUT = 10
GATEWAY = {502: "refused", 503: "refused", 504: "timeout"}
OK = 200


def judge(host: str, port: int, party: str) -> dict[str, Any]:
    """Ask for flow's information page with the header that flow's requests carry."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/v2/server/fateflow", headers={"dest-party-id": party, "service": "fateflow"})
        answer = connection.getresponse()
        body = answer.read()
    except (TimeoutError, socket.timeout):  # noqa: UP041 - two classes before Python 3.10
        return {"ok": False, "kind": "timeout", "error": f"no answer within {TIMEOUT} s"}
    except OSError as error:
        return {"ok": False, "kind": "proxy", "error": f"{host}:{port}: {error}"}
    except http.client.HTTPException as error:
        return {"ok": False, "kind": "foreign", "error": repr(error)[:300]}
    finally:
        connection.close()
    if answer.status != OK:
        kind = GATEWAY.get(answer.status, "status")
        return {"ok": False, "kind": kind, "status": answer.status, "error": f"HTTP {answer.status} {answer.reason}"}
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError):
        return {"ok": False, "kind": "foreign", "status": OK, "error": "what answers is not flow"}
    return {"ok": True, "status": OK, "code": code}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
