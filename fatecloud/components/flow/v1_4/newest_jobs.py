"""Runs on the node: what flow 1.4 has of the newest jobs.

It has no list of them. Asked for those with a status, it reads all that ever were, with their whole descriptions. But
each job has a directory here whose name, its id, begins with the time of its submission.

Standard input and output as for `v1/http_exchange.py`; `query` has the `directory`, and `body` how many `rows` at most.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from fatecloud.components.flow.v1.http_exchange import exchange
from fatecloud.components.flow.v1_4.http_exchange import LIMIT, lightened
from fatecloud.components.flow.v1_4.states import NOTHING

_NO_JOB = "0"
"""Asked for where there is none: whether flow answers shows all the same."""


def newest(request: dict[str, Any]) -> dict[str, Any]:
    """The rows of the newest jobs, newest first: as many as fit into the time limit, or an error."""
    until = time.monotonic() + float(request["timeout"])
    rows: list[dict[str, Any]] = []
    try:
        jobs = _ids(request["query"]["directory"])[: request["body"]["rows"]]
    except OSError as error:
        return {"error": f"{request['query']['directory']}: {error.strerror}"}
    for job in jobs or [_NO_JOB]:
        left = until - time.monotonic()
        if rows and left <= 0:
            break
        answer = lightened(exchange({"url": request["url"], "body": {"job_id": job}, "timeout": max(1.0, left)}, LIMIT))
        body = answer.get("body")
        if not isinstance(body, dict):
            if rows and time.monotonic() >= until:
                break
            return answer
        if body.get("retcode") not in (0, NOTHING):
            return {"error": f"job {job}: {body.get('retmsg', 'the answer has no retcode')}"}
        rows += body.get("data") or []
    return {"status": 200, "body": {"retcode": 0, "data": rows}}


def _ids(directory: str) -> list[str]:
    """Of all jobs that have one, newest first. Raises OSError."""
    try:
        return sorted((path.name for path in Path(directory).iterdir() if path.name.isdigit()), reverse=True)
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    json.dump(newest(json.load(sys.stdin)), sys.stdout)
