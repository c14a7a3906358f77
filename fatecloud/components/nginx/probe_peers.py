"""Runs on the node: are the other parties' proxies reached from here?

Any HTTP answer counts: the other side need not be managed by fatecloud. Where it is, it says for which party it
answers.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TIMEOUT = 5


def ask(endpoint: str) -> dict[str, Any]:
    """One proxy's answer, or why there was none."""
    host, _, port = endpoint.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", "/fatecloud/health")
        answer = connection.getresponse()
        body = answer.read(4096)
    except (TimeoutError, socket.timeout):  # noqa: UP041 - two classes before Python 3.10
        return {"ok": False, "kind": "timeout", "error": f"no answer within {TIMEOUT} s"}
    except socket.gaierror as error:
        return {"ok": False, "kind": "name", "error": f"the name does not resolve here: {error}"}
    except OSError as error:
        return {"ok": False, "kind": "refused", "error": str(error)}
    except http.client.HTTPException as error:
        return {"ok": False, "kind": "foreign", "error": f"no HTTP: {error!r}"[:200]}
    finally:
        connection.close()
    try:
        party = str(json.loads(body).get("party", ""))
    except (ValueError, AttributeError):
        party = ""
    return {"ok": True, "status": answer.status, "party": party}


def judge(pairs: list[str]) -> dict[str, Any]:
    """Every `party=host:port` at the same time."""
    wanted = dict(pair.split("=", 1) for pair in pairs)
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = dict(zip(wanted, pool.map(ask, wanted.values())))  # noqa: B905 - strict came with Python 3.10
    peers = {party: {"endpoint": wanted[party], **answer} for party, answer in answers.items()}
    failed = sorted(party for party, answer in peers.items() if not answer["ok"])
    if failed:
        return {"ok": False, "kind": "unreachable", "error": f"not reached: {', '.join(failed)}", "peers": peers}
    return {"ok": True, "peers": peers}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1:])) + "\n")
