"""What can be wrong with sessions that nothing uses any more: no one ends one whose job is over."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.clustermanager.check_sessions import seen_before
from fatecloud.components.clustermanager.want import DATABASE
from fatecloud.components.judging import answer_of, answer_of_other, finding
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.duration import duration_text
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Run

ABANDONED = Code(
    "CLUSTERMANAGER_SESSION_ABANDONED",
    "warning",
    "A session is active although the job that it was made for has ended, and keeps its eggs.",
    ("node",),
)
_JOB = re.compile(r"(\d{18,25})_")
"""How the name of a task's session begins: flow makes ids of jobs of the time."""
_JOBS, _EDGE, _SHOWN = "flow.jobs", "computing", 5


def names(view: ServiceView) -> Mapping[str, float]:
    """The sessions whose jobs are over: the samples of the check."""
    return {_name(row): 1.0 for row in _without_job(view)}


@service_check(ABANDONED, component="clustermanager", after=("CLUSTERMANAGER_DATABASE",), samples=names)
def sessions_end(view: ServiceView) -> Iterator[Finding]:
    """Each active session of a task is of a job that has not ended, now and in a look before."""
    rows = [row for row in _without_job(view) if seen_before(view, _name(row))]
    if rows:
        eggs = sum(row["active"] for row in rows)
        yield finding(
            view,
            ABANDONED,
            f"{len(rows)} active sessions with {eggs} eggs are of jobs that have ended, "
            f"the oldest is {duration_text(rows[0]['age'])} old",
            DATABASE,
            cause="the task that used it was killed, or its flow was, before it could end its session",
            remedy=tuple(
                Run(f"fatecloud session kill {shlex.quote(row['id'])} --owner {view.service.id.owner}")
                for row in rows[:_SHOWN]
            ),
            expected="an active session for each task that runs, and no other",
            got=f"{len(rows)} without a job",
            evidence=tuple(f"{row['id']}: {row['active']} of {row['total']} eggs" for row in rows[:_SHOWN]),
        )


def _without_job(view: ServiceView) -> list[Mapping[str, Any]]:
    """The rows of such sessions, the oldest first; none where a flow does not name all of its jobs."""
    answer, jobs = answer_of(view, DATABASE), set[str]()
    flows = [service for service in view.desired.services.values() if _uses(service, view.service.id.key)]
    for flow in flows:
        listed = answer_of_other(view, flow, _JOBS)
        found = listed.get("jobs")
        if found is None or len(found) < listed["running"] + listed["waiting"]:
            return []
        jobs |= {str(job["job"]) for job in found}
    rows = [row for row in answer.get("sessions", ()) if row["status"] == "ACTIVE"] if flows else []
    return [row for row in rows if (job := _JOB.match(row["id"])) and job[1] not in jobs]


def _uses(service: DesiredService, manager: str) -> bool:
    return any(edge.kind == _EDGE and edge.target == manager for edge in service.edges)


def _name(row: Mapping[str, Any]) -> str:
    return f"abandoned {row['id']}"
