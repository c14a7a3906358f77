"""What can be wrong with the jobs of a flow of 1.4: it forgets some where a party was away at the wrong moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.flow.check_database import DATABASE_CODES
from fatecloud.components.flow.v1_4.want import JOBS_AT_A_TIME
from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Run

FORGOTTEN = Code(
    "FLOW_JOB_FORGOTTEN",
    "warning",
    "Flow has a job that it has begun and no longer drives: it never ends, and keeps its place among those that run.",
    ("node",),
)
LONG = 300
"""Seconds without a change: flow asks for the state of tasks twice a second, and partners answer within a minute."""
_AGAIN, _SHOWN = (60.0, 900.0), 5
"""Seconds between which an earlier look must lie that saw the same; jobs in one finding."""
_WORDS = {"taken": "taken from the queue and never begun", "running": "running without a task"}
_DATABASE = "flow.database"


def names(view: ServiceView) -> Mapping[str, float]:
    """Such jobs: the samples of the check."""
    return {_name(job): 1.0 for job in _still(view)}


@service_check(
    FORGOTTEN,
    component="flow",
    after=("FLOW_API_DOWN", "FLOW_SCHEDULER_STALLED", *(code.name for code in DATABASE_CODES)),
    samples=names,
)
def drives_on(view: ServiceView) -> Iterator[Finding]:
    """Each job that it schedules moves on: it waits in the queue, or a task of it runs."""
    jobs = [job for job in _still(view) if _seen_before(view, _name(job))]
    if jobs:
        first = jobs[0]
        yield finding(
            view,
            FORGOTTEN,
            f"job {first['job']} has been {_WORDS[first['state']]} for {duration_text(first['age'])}; "
            f"{len(jobs)} such jobs in total",
            _DATABASE,
            cause="flow was restarted, or a partner was away, in the moment in which it began or ended the job",
            remedy=(*(Run(f"fatecloud job stop {job['job']}") for job in jobs[:_SHOWN]), logs(view)),
            expected=f"no job without a change for {duration_text(LONG)}; flow runs {JOBS_AT_A_TIME} at a time",
            got=f"{len(jobs)} that stand still",
            evidence=tuple(f"{job['job']}: {_WORDS[job['state']]}, {duration_text(job['age'])}" for job in jobs),
        )


def _still(view: ServiceView) -> list[Mapping[str, Any]]:
    return [job for job in answer_of(view, _DATABASE).get("held", ()) if job["age"] > LONG]


def _seen_before(view: ServiceView, name: str) -> bool:
    least, most = _AGAIN
    return any(least <= view.observed.taken - sample.time <= most for sample in view.history(name))


def _name(job: Mapping[str, Any]) -> str:
    return f"forgotten {job['job']}"
