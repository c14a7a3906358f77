"""Runs on the node: does a request of another party for this one reach its flow through nginx?"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING, PATH, body_for, headers_for, judged
from fatecloud.probing.http_get import NoHttp, post
from fatecloud.probing.patience import patient
from fatecloud.probing.sized import sized

TIMEOUT = 8.0
MOST = 64 << 10
GATEWAY = {502: "refused", 503: "refused", 504: "timeout"}


def judge(host: str, port: int, party: str) -> dict[str, Any]:
    """Ask as another party's flow asks: the question has the size of several full packets."""
    return sized(functools.partial(ask, host, port, party), PADDING, (TIMEOUT, 4.0, 3.0))


def ask(host: str, port: int, party: str, padding: int, seconds: float) -> dict[str, Any]:
    """Ask for a task that does not exist, as another party's flow asks for one that does."""
    headers = headers_for(party)
    try:
        answer = post(host, port, PATH, body_for(party, padding), timeout=seconds, headers=headers, limit=MOST)
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "error": f"no answer within {patient(seconds):g} s"}
    except OSError as error:
        return {"ok": False, "kind": "proxy", "error": f"{host}:{port}: {error}"}
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": repr(error)[:300]}
    result = {**judged(*answer), "status": answer[0]}
    if result.get("kind") == "status":
        result["kind"] = GATEWAY.get(answer[0], "status")
    return result


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
