"""Jobs: what a verb asks of a service that runs them, in the words that all of its generations share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fatecloud.model.desired import DesiredService
from fatecloud.model.identity import ServiceId

SUCCESS = "success"
ENDED = frozenset({SUCCESS, "pass", "failed", "canceled", "timeout"})
"""Statuses that are final."""
FAILED = frozenset({"failed", "timeout"})
"""Statuses of what ended without success, and was not merely cancelled."""
LEADING = ("running", "ready", "waiting", "failed", "timeout", "canceled")
"""The status of a job is the first of these that one of its roles has."""


def overall(statuses: Iterable[str]) -> str:
    """The status of a job from those of its roles. A role may wait while another runs; that one has work to lose."""
    known = list(statuses)
    return next((status for status in LEADING if status in known), known[0] if known else "")


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
    cores: int = 0
    """Cores that all of its jobs together may have; 0 if that is not known."""


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
        cores=int(facts.get("cores", 0)),
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
    cores: int = 0
    """Cores that it has, or asks for, at this party."""
    held: bool = False
    """Whether it has them now."""
    held_since: float = 0.0
    """When it got them last, by the node's clock; 0 if that is not reported."""
    scheduler: str = ""
    """Party whose service decides when the job starts; empty if that is not reported."""
    priority: int = 0
    """Of waiting jobs, one with a higher number is tried first."""
    progress: int = 0
    """Percent of its tasks that have ended."""
    elapsed: float = 0.0
    """Seconds from start to end; 0 until the end."""
    ended_at: float = 0.0
    """By the node's clock; 0 until the end."""
    sides: tuple[tuple[str, str], ...] = ()
    """Role and party of all of its sides, those of other parties too."""

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Try:
    """What came of the last time that one role of a waiting job asked for its cores."""

    role: str
    party: str
    cores: int
    given: bool
    free: int
    """Cores that the service itself counted as free after it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last attempt to start a waiting job, as one service recorded it."""

    tries: tuple[Try, ...] = ()
    """Of the roles that this service has in it."""
    refused: tuple[tuple[str, str], ...] = ()
    """Role and party of the sides that gave no cores; only the service that schedules the job knows them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that a task recorded."""

    task: str
    role: str
    party: str
    name: str
    """`auc`, `lr_loss`, `intersect_count`."""
    of: str
    """What it was measured of, in the task's own words: `lr_0 train_set`; may be empty."""
    step: int | None
    """Of an iteration; None where there is one number in all."""
    value: float


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
    started_at: float = 0.0
    """The same for its start; 0 before."""
    error: str = ""
    """The line of the report that names the error; empty where the report names none."""

    @property
    def failed(self) -> bool:
        """Whether the task ended without success and was not merely cancelled because of another."""
        return self.status in FAILED


class JobApi(Protocol):
    """The jobs of one service. Every method raises a FatecloudError when there is no usable answer."""

    def active(self) -> tuple[JobRow, ...]:
        """Jobs that have not ended, one row per role. None where nothing listens: what is down runs nothing."""

    def newest(self, rows: int) -> tuple[JobRow, ...]:
        """The newest jobs, ended ones too: at most so many rows, one per role. Raises also where nothing listens."""

    def known(self, job: str) -> tuple[JobRow, ...]:
        """The job's roles at this service's party, with all that is known of them; empty if the job is unknown."""

    def attempt(self, job: str, role: str, party: str) -> Attempt:
        """What came of the last attempt to start a waiting job, for one of its roles at this service."""

    def blamed(self, job: str, role: str, party: str) -> tuple[str, str, str]:
        """Role, party and task that the scheduler saw fail first, other parties' too; empty texts if none did."""

    def measures(self, job: str, role: str, party: str, task: str) -> tuple[Measure, ...]:
        """The numbers that a task recorded, without curves; empty if it recorded nothing or is not known."""

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
