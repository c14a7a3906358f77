"""Runs on the node: does a flow of FATE 2 answer the own FATEBoard?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.board.way import Flow, judge
from fatecloud.components.flow.v2.task_question import PADDING, PATH, body_for, headers_for, judged
from fatecloud.probing.http_get import get, post

MOST = 64 << 10
OWN = "/v2/server/fateflow"
SIGNED = range(5000, 5010)


def flow_of(party: str) -> Flow:
    """How the flow of a party is asked."""

    def ask(host: str, port: int, padding: int, seconds: float) -> dict[str, Any]:
        body = body_for(party, padding)
        return judged(*post(host, port, PATH, body, timeout=seconds, headers=headers_for(party), limit=MOST))

    def own(host: str, port: int, seconds: float) -> Any:
        return json.loads(get(host, port, OWN, timeout=seconds, limit=MOST)[2])["data"]

    return Flow(ask, own, PADDING, SIGNED)


if __name__ == "__main__":
    path, host, port, endpoint, party = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(path, host, int(port), endpoint, flow_of(party))) + "\n")
