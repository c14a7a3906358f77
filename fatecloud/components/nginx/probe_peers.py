"""Runs on the node: are the other parties' proxies reached from here?

Any HTTP answer counts: the other side need not be managed by fatecloud. Where it is, it says for which party it
answers.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from typing import Any

from fatecloud.components.http_get import NoHttp, get

TIMEOUT = 5
AT_ONCE = 16


def ask(endpoint: str) -> dict[str, Any]:
    """One proxy's answer, or why there was none."""
    host, _, port = endpoint.rpartition(":")
    try:
        status, _, body = get(host.strip("[]"), int(port), "/fatecloud/health", timeout=TIMEOUT)
    except (TimeoutError, socket.timeout):  # noqa: UP041 - two classes before Python 3.10
        return {"ok": False, "kind": "timeout", "error": f"no answer within {TIMEOUT} s"}
    except socket.gaierror as error:
        return {"ok": False, "kind": "name", "error": f"the name does not resolve here: {error}"}
    except OSError as error:
        return {"ok": False, "kind": "refused", "error": str(error)}
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": f"no HTTP: {error!r}"[:200]}
    try:
        party = str(json.loads(body).get("party", ""))
    except (ValueError, AttributeError):
        party = ""
    return {"ok": True, "status": status, "party": party}


def judge(pairs: list[str]) -> dict[str, Any]:
    """Every `party=host:port`, many at the same time."""
    wanted = dict(pair.split("=", 1) for pair in pairs)
    answers: dict[str, dict[str, Any]] = {}
    turns = threading.Semaphore(AT_ONCE)

    def put(party: str, endpoint: str) -> None:
        with turns:
            answers[party] = ask(endpoint)

    threads = [threading.Thread(target=put, args=pair) for pair in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    peers = {party: {"endpoint": endpoint, **answers[party]} for party, endpoint in wanted.items()}
    failed = sorted(party for party, answer in peers.items() if not answer["ok"])
    if failed:
        return {"ok": False, "kind": "unreachable", "error": f"not reached: {', '.join(failed)}", "peers": peers}
    return {"ok": True, "peers": peers}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1:])) + "\n")
