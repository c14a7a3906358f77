"""Jobs that failed because a service was started again while they ran. Pure.

Flow says nothing of it: its tasks and their workers ended with their services or their node, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fatecloud.checks.edges import needed_by
from fatecloud.model.desired import Desired
from fatecloud.model.job_report import Interruption
from fatecloud.model.jobs import FAILED, JobRow
from fatecloud.model.observed import Observed

Starts = Mapping[str, Sequence[Interruption]]
"""Owner -> the present run of each of its services that jobs need."""
DOWN_SECONDS = 60.0
"""How long before its start a service, or its node, may have gone down: jobs failed from then on."""


def starts_of(desired: Desired, observed: Observed, runners: Sequence[str]) -> Starts:
    """When the services of a job's party were started.

    Args:
        desired: says what needs what: a service that only asks the one that runs jobs interrupts none.
        observed: with the fact `services` of their nodes.
        runners: keys of the services that run jobs; those that are no longer in the inventory are passed over.
    """
    found: dict[str, list[Interruption]] = {}
    for key in (key for key in runners if key in desired.services):
        owner, needed = desired.services[key].id.owner, needed_by(desired, key)
        for service in (one for one in desired.services.values() if one.id.owner == owner):
            asks = any(edge.target == key for edge in service.edges)
            if asks and service.id.key not in needed:
                continue
            facts = observed.reached(service.id.node)
            entry = (facts.fact("services").value or {}).get(service.id.key, {}) if facts else {}
            if entry.get("state") == "running" and entry.get("since"):
                found.setdefault(owner, []).append(Interruption(service.id.key, float(entry["since"])))
    return found


def interruption_of(owner: str, row: JobRow, starts: Starts) -> Interruption | None:
    """The start of a service that a failed job did not outlive; the first one, None where there is none.

    Args:
        owner: whose service reported the row.
        row: one side of the job.
        starts: see `starts_of`.
    """
    if row.status not in FAILED or not row.ended_at:
        return None
    hit = [one for one in starts.get(owner, ()) if row.created < one.started < row.ended_at + DOWN_SECONDS]
    return min(hit, key=lambda one: one.started, default=None)
