"""What can be wrong with sessions that nothing uses any more: no one ends one whose job or flow is over."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.clustermanager.check_sessions import clock_at, seen_before, state_at
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
    "A session is active although the job or the flow that it was made for has ended, and keeps its eggs.",
    ("node",),
)
_JOB = re.compile(r"(\d{18,25})_")
"""How the name of a task's session begins: flow makes ids of jobs of the time."""
_OF_FLOW = "session_used_by_fate_flow_server_"
"""How the name of the session begins that flow 1.4 makes for itself at its start, and ends at its orderly end."""
_CLOCKS = 10.0
"""Seconds by which the clocks of a flow's node and of the database differ, at most."""
_JOBS, _EDGE, _SHOWN = "flow.jobs", "computing", 5


def names(view: ServiceView) -> Mapping[str, float]:
    """The sessions whose jobs or flows are over: the samples of the check."""
    return {_name(row): 1.0 for row in _unused(view)}


@service_check(ABANDONED, component="clustermanager", after=("CLUSTERMANAGER_DATABASE",), samples=names)
def sessions_end(view: ServiceView) -> Iterator[Finding]:
    """Each active session is of a job that has not ended, or of the flow that runs, now and in a look before."""
    rows = [row for row in _unused(view) if seen_before(view, _name(row))]
    if rows:
        eggs = sum(row["active"] for row in rows)
        yield finding(
            view,
            ABANDONED,
            f"{len(rows)} active sessions with {eggs} eggs are of jobs or flows that have ended, "
            f"the oldest is {duration_text(rows[0]['age'])} old",
            DATABASE,
            cause="the task or the flow that used it was killed before it could end its session",
            remedy=tuple(
                Run(f"fatecloud session kill {shlex.quote(row['id'])} --owner {view.service.id.owner}")
                for row in rows[:_SHOWN]
            ),
            expected="an active session for each task that runs, and one for each flow 1.4",
            got=f"{len(rows)} that nothing uses",
            evidence=tuple(f"{row['id']}: {row['active']} of {row['total']} eggs" for row in rows[:_SHOWN]),
        )


def _unused(view: ServiceView) -> list[Mapping[str, Any]]:
    """The rows of such sessions, the oldest first."""
    answer = answer_of(view, DATABASE)
    rows = [row for row in answer.get("sessions", ()) if row["status"] == "ACTIVE"]
    flows = [service for service in view.desired.services.values() if _uses(service, view.service.id.key)]
    return [*_without_job(view, rows, flows), *_without_flow(view, rows, flows)] if flows else []


def _without_flow(
    view: ServiceView, rows: list[Mapping[str, Any]], flows: list[DesiredService]
) -> list[Mapping[str, Any]]:
    """Those that flows made for themselves before they last began; none while one does not run.

    After a boot of the nodes, EggRoll 2.0 calls them active for ever, and they have no eggs left: that costs nothing.
    """
    began = [(state_at(view, flow.id.key) or {}).get("since") for flow in flows]
    ages = [clock_at(view, flow.id.key) - since for flow, since in zip(flows, began, strict=True) if since]
    if len(ages) < len(flows):
        return []
    kept = [row for row in rows if row["id"].startswith(_OF_FLOW) and row["active"]]
    return [row for row in kept if row["age"] > max(ages) + _CLOCKS]


def _without_job(
    view: ServiceView, rows: list[Mapping[str, Any]], flows: list[DesiredService]
) -> list[Mapping[str, Any]]:
    """Those of tasks whose jobs have ended; none where a flow does not name all of its jobs."""
    jobs = set[str]()
    for flow in flows:
        listed = answer_of_other(view, flow, _JOBS)
        found = listed.get("jobs")
        if found is None or len(found) < listed["running"] + listed["waiting"]:
            return []
        jobs |= {str(job["job"]) for job in found}
    return [row for row in rows if (job := _JOB.match(row["id"])) and job[1] not in jobs]


def _uses(service: DesiredService, manager: str) -> bool:
    return any(edge.kind == _EDGE and edge.target == manager for edge in service.edges)


def _name(row: Mapping[str, Any]) -> str:
    return f"abandoned {row['id']}"
