"""Jobs: what a verb asks of a service that runs them, in the words that all of its generations share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fatecloud.model.desired import DesiredService
from fatecloud.model.identity import ServiceId

SUCCESS = "success"
ENDED = frozenset({SUCCESS, "pass", "failed", "canceled", "timeout"})
"""Statuses that are final."""

Run = Callable[[tuple[str, ...], bytes, float], bytes]
"""Runs a command on a service's node as its user: argv, standard input, seconds -> standard output.

Raises FatecloudError when the command fails or the node cannot be reached."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """A service that runs jobs: one of the inventory, or one that a node still has from before."""

    id: ServiceId
    kind: str
    """Of its component, see `Component.kind`; empty if it is not known."""
    home: str
    url: str
    """Its job API as seen from its node; empty if it is not known any more."""
    settings: str = ""
    """The file on its node with which a question is signed; empty if it is not known."""
    user: str = ""
    """Who asks it on its node, and can read that file; empty if it is not known."""
    leaving: bool = False
    """Whether it is no longer in the inventory, so that the change will remove it."""


def runner_of(service: DesiredService) -> JobRunner:
    """The runner for a service of the inventory."""
    facts = service.facts
    return JobRunner(
        id=service.id,
        kind=service.kind,
        home=service.home,
        url=str(facts["job_api"]),
        settings=str(facts.get("job_settings", "")),
        user=service.user,
    )


@dataclass(frozen=True, slots=True)
class JobRow:
    """One role of a job in a list of jobs."""

    job: str
    role: str
    party: str
    status: str
    partners: str
    """In words, for example `with 10000`."""
    created: float
    """Seconds since the epoch by the node's clock."""


@dataclass(frozen=True, slots=True)
class RoleState:
    """The state of one role of a job."""

    role: str
    party: str
    status: str
    """waiting, running, or one of `ENDED`."""
    cores: int
    """Cores that the job asks for at this party."""
    elapsed: float
    """Seconds from start to end; 0 until the end."""

    @property
    def ended(self) -> bool:
        """Whether this status is final."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class TaskState:
    """The state of one task of one role."""

    task: str
    role: str
    party: str
    status: str
    report: str
    """Traceback of the failed task, as far as there is one; may be empty for a task that failed."""
    logs: str
    """Directory of the task's logs on its node; empty if it is not reported."""
    elapsed: float
    """Seconds from start to end; 0 until the end."""
    ended_at: float
    """Seconds since the epoch by the party's clock; 0 until the end."""

    @property
    def failed(self) -> bool:
        """Whether the task ended without success and was not merely cancelled because of another."""
        return self.status in {"failed", "timeout"}


class JobApi(Protocol):
    """The jobs of one service. Every method raises a FatecloudError when there is no usable answer."""

    def active(self) -> tuple[JobRow, ...]:
        """Jobs that have not ended, one row per role. None where nothing listens: what is down runs nothing."""

    def submit(self, job: Mapping[str, Any]) -> str:
        """Submit a job in the service's own format, and return its id."""

    def roles(self, job: str) -> tuple[RoleState, ...]:
        """The job's roles that this service knows; none when it does not know the job."""

    def tasks(self, job: str) -> tuple[TaskState, ...]:
        """The job's tasks that this service knows; none when it does not know the job."""

    def refused(self, job: str, role: str, party: str) -> str:
        """Why the scheduler gave the job up; empty if it says nothing."""

    def stop(self, job: str) -> None:
        """Cancel a job on all of its parties."""

    def clean(self, job: str) -> None:
        """Delete what this service keeps of a job. Ignores an unknown job."""


JobApiAt = Callable[[JobRunner, Run], JobApi]
"""What `Component.job_api` names: the job API of a service, asked by commands on its node."""
