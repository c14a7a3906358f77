"""Runs on the node: which jobs run or wait, and for how long?"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.http_get import get

LIMIT = 50


def listed(host: str, port: int, status: str) -> dict[str, Any]:
    """The newest jobs of a status, and how many there are in all."""
    body = json.loads(get(host, port, f"/v2/job/list/query?limit={LIMIT}&page=1&status={status}", timeout=6)[2])
    if body.get("code") != 0:
        raise ValueError(f"job list: {body.get('code')} {str(body.get('message', ''))[:300]}")
    return dict(body["data"])


def job(row: dict[str, Any], now: float) -> dict[str, Any]:
    """What an operator wants to know about a job before a service is stopped."""
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


def judge(host: str, port: int) -> dict[str, Any]:
    """Running and waiting jobs with their ages in seconds."""
    try:
        running, waiting = listed(host, port, "running"), listed(host, port, "waiting")
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "error": "no answer to the job list within 6 s"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"ok": False, "kind": "unavailable", "error": f"{type(error).__name__}: {error}"[:300]}
    now = time.time()
    return {
        "ok": True,
        "running": running.get("count", 0),
        "waiting": waiting.get("count", 0),
        "jobs": [job(row, now) for row in [*running.get("data", []), *waiting.get("data", [])]],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]))) + "\n")
