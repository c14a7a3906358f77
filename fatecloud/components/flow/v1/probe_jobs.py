"""Runs on the node: which jobs have not ended, and for how long?"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v1.asking import ask

PAGE_SIZE = 50
"""Jobs of one answer; more are counted and not shown."""
STATES = ("running", "waiting")
"""Statuses of jobs that have not ended."""
SECONDS = 6.0
LIST = "/v1/job/list/job"


def judge(host: str, port: int) -> dict[str, Any]:
    """Jobs that have not ended, with their ages in seconds."""
    found = {state: _listed(host, port, state) for state in STATES}
    for answer in found.values():
        if "kind" in answer or answer["code"]:
            error = answer.get("error") or f"job list: {answer['code']} {answer['message']}"
            return {"ok": False, "kind": answer.get("kind", "unavailable"), "error": error}
    now = time.time()
    try:
        counts = {state: int(answer["data"]["count"]) for state, answer in found.items()}
        rows = [_job(row, now) for answer in found.values() for row in answer["data"]["jobs"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return {"ok": False, "kind": "unavailable", "error": f"{type(error).__name__}: {error}"[:300]}
    return {"ok": True, **counts, "jobs": rows}


def _listed(host: str, port: int, state: str) -> dict[str, Any]:
    return ask(host, port, LIST, {"limit": PAGE_SIZE, "page": 1, "status": [state]}, SECONDS)


def _job(row: dict[str, Any], now: float) -> dict[str, Any]:
    """What an operator needs to know about a job before a service is stopped."""
    begin = row.get("start_time") or row.get("create_time")
    return {
        "job": str(row.get("job_id")),
        "role": row.get("role"),
        "party": str(row.get("party_id")),
        "status": row.get("status"),
        "partners": [str(partner) for partner in row.get("partners") or ()],
        "progress": row.get("progress"),
        "age": round(now - begin / 1000) if begin else None,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]))) + "\n")
