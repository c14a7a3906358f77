"""Runs on the node: does a flow of FATE 1.4 answer the own FATEBoard, and do its jobs come?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.board.page import Board
from fatecloud.components.board.v1.probe_flow import FLOW
from fatecloud.components.board.way import BOARD_SECONDS, JOBS, asked_directly, words

THROUGH = "/v1/pipeline/dag/dependencies"
"""FATEBoard asks flow about a job, and passes on what flow says of one that it does not know."""
NO_JOB = {"job_id": "0", "role": "guest", "party_id": "0"}
UNREACHED = (10003, 10004, 10005)
"""Codes of FATEBoard's own: flow is not reached, or what answers is none."""


def judge(host: str, port: int, endpoint: str) -> dict[str, Any]:
    """`direct` is flow's answer to this node; `kind` says where it fails on FATEBoard's way to the jobs.

    Args:
        host: of FATEBoard.
        port: of FATEBoard.
        endpoint: of flow.
    """
    direct = asked_directly(endpoint, FLOW)
    if not direct["ok"] and direct["kind"] != "code":
        return {"ok": False, "kind": "flow", "error": direct["error"], "direct": direct}
    board = Board(host, port)
    through = board.call(THROUGH, BOARD_SECONDS, NO_JOB)
    if "kind" in through or through["code"] in UNREACHED:
        kind = "board" if "kind" in through else "unreached"
        return {"ok": False, "kind": kind, "error": words(through), "direct": direct}
    jobs = board.call(JOBS, BOARD_SECONDS, verb="GET")
    if jobs.get("code") != 0:
        return {"ok": False, "kind": "jobs", "error": words(jobs), "direct": direct}
    return {"ok": True, "direct": direct}


if __name__ == "__main__":
    own, number, where = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(own, int(number), where)) + "\n")
