"""Runs on the node: which jobs have not ended, and for how long?

There is no list of jobs. The question for those of a state has all columns of each, but these jobs are few.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v1.asking import ask
from fatecloud.components.flow.v1_4.states import NOTHING, OPEN

SECONDS, SHOWN = 6.0, 50
QUERY = "/v1/job/query"


def judge(host: str, port: int) -> dict[str, Any]:
    """Jobs that have not ended, with their ages in seconds."""
    found = {state: ask(host, port, QUERY, {"status": state}, SECONDS) for state in OPEN}
    for answer in found.values():
        if "kind" in answer or answer["code"] not in (0, NOTHING):
            error = answer.get("error") or f"jobs: {answer['code']} {answer['message']}"
            return {"ok": False, "kind": answer.get("kind", "unavailable"), "error": error}
    now = time.time()
    try:
        rows = {state: [_job(row, now) for row in answer["data"] or ()] for state, answer in found.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return {"ok": False, "kind": "unavailable", "error": f"{type(error).__name__}: {error}"[:300]}
    counts = {state: len(jobs) for state, jobs in rows.items()}
    return {"ok": True, **counts, "jobs": [job for jobs in rows.values() for job in jobs[:SHOWN]]}


def _job(row: dict[str, Any], now: float) -> dict[str, Any]:
    """What an operator needs to know about a job before a service is stopped."""
    begin = row.get("f_start_time") or row.get("f_create_time")
    sides = json.loads(row["f_roles"])
    others = {str(party) for parties in sides.values() for party in parties} - {str(row["f_party_id"])}
    return {
        "job": str(row["f_job_id"]),
        "role": row.get("f_role"),
        "party": str(row["f_party_id"]),
        "status": row.get("f_status"),
        "partners": sorted(others),
        "progress": row.get("f_progress"),
        "age": round(now - begin / 1000) if begin else None,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]))) + "\n")
