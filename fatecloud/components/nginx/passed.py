"""What passes a party's proxy: the requests that two flows need of each other."""

from __future__ import annotations

_JOB = ("create", "start", "stop", "update", "status/update", "resource/apply", "resource/return")
_TASK = ("start", "stop", "rerun", "collect", "status/update", "resource/apply", "resource/return")
_SCHEDULER = ("job/create", "job/stop", "job/rerun", "task/report")
PATHS = (
    *(f"/v2/partner/job/{command}" for command in _JOB),
    *(f"/v2/partner/task/{command}" for command in _TASK),
    *(f"/v2/scheduler/{command}" for command in _SCHEDULER),
)
"""FATE-Flow 2.2.0: all routes of `apps/partner` and `apps/scheduler`, which a flow sends by POST: the first two kinds
to each party of a job, the last one to the party whose flow schedules it. Everything else that a flow answers
(`apps/client`, `apps/worker`) is for its own party."""
