"""Runs on the node: which jobs have not ended, and for how long?"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v2.signing import as_admin
from fatecloud.probing.http_get import get
from fatecloud.probing.patience import clock, patient

PAGE_SIZE = 50
"""Jobs of one page; more are counted and not shown."""
STATES = ("running", "waiting", "ready")
"""Statuses of jobs that have not ended. A `ready` one is accepted, but not by all of its parties yet."""
SECONDS = 6.0
TOTAL_SECONDS = 18.0
"""For all requests together; the caller gives this script 20 s."""


def listed(host: str, port: int, settings: str, until: float, *status: str) -> tuple[int, list[dict[str, Any]]]:
    """How many jobs there are in any of these states, and the newest of them.

    Args:
        settings: flow's own, to sign the request with.
        until: by the clock of `patience`.
        status: the states.
    """
    asked = "".join(f"&status={word}" for word in status)
    timeout = max(0.1, min(SECONDS, until - clock()))
    path = f"/v2/job/list/query?limit={PAGE_SIZE}&page=1{asked}"
    body = json.loads(get(host, port, path, timeout=timeout, headers=as_admin(settings))[2])
    if body.get("code") != 0:
        raise ValueError(f"job list: {body.get('code')} {str(body.get('message', ''))[:300]}")
    return int(body["data"]["count"]), list(body["data"]["data"])


def active(host: str, port: int, settings: str) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """How many jobs are in each state, with the newest of each."""
    until = clock() + TOTAL_SECONDS
    count, rows = listed(host, port, settings, until, *STATES)
    if count > len(rows):  # more than a page: what fills it may be all of one state
        return {state: listed(host, port, settings, until, state) for state in STATES}
    by_state = {state: [row for row in rows if row["status"] == state] for state in STATES}
    return {state: (len(found), found) for state, found in by_state.items()}


def job(row: dict[str, Any], now: float) -> dict[str, Any]:
    """What an operator needs to know about a job before a service is stopped."""
    begin = row.get("start_time") or row.get("create_time")
    return {
        "job": str(row.get("job_id")),
        "role": row.get("role"),
        "party": str(row.get("party_id")),
        "status": row.get("status"),
        "partners": row.get("partners"),
        "progress": row.get("progress"),
        "age": round(now - begin / 1000) if begin else None,
    }


def judge(host: str, port: int, settings: str = "") -> dict[str, Any]:
    """Jobs that have not ended, with their ages in seconds."""
    try:
        found = active(host, port, settings)
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "error": f"no answer to the job list within {patient(SECONDS):g} s"}
    except ConnectionRefusedError:
        return {"ok": False, "kind": "refused", "error": f"nothing listens on {host}:{port}"}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return {"ok": False, "kind": "unavailable", "error": f"{type(error).__name__}: {error}"[:300]}
    now = time.time()
    return {
        "ok": True,
        **{state: count for state, (count, _) in found.items()},
        "jobs": [job(row, now) for _, rows in found.values() for row in rows],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
