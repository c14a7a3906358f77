"""One job as all parties that were asked report it."""

from __future__ import annotations

from dataclasses import dataclass

from fatecloud.model.jobs import Measure, TaskState
from fatecloud.model.remedy import Remedy


@dataclass(frozen=True, slots=True)
class JobSide:
    """One role of a job."""

    role: str
    party: str
    status: str
    """Empty where its party was not asked."""
    cores: int = 0
    progress: int = 0
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class SideError:
    """What a failed task of one side reports."""

    role: str
    party: str
    task: str
    """Empty where the job failed as a whole."""
    error: str
    """Its first real line; empty where the report names none."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A service that was started again while a job ran."""

    service: str
    """Its key."""
    started: float
    """When, by its node's clock."""


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Where a job failed, and why."""

    first: SideError
    """The side that failed first."""
    asked: bool
    """Whether its party was asked: another operator's party keeps its error reports."""
    others: tuple[SideError, ...]
    """Sides that failed after it, or because of it."""
    remedy: tuple[Remedy, ...]
    interrupted: Interruption | None = None
    """What ended it, where that was a restart."""


@dataclass(frozen=True, slots=True)
class StalledTask:
    """A task that one side runs, and all others that were asked have ended."""

    task: str
    role: str
    party: str
    others: tuple[str, ...]
    """The sides that ended it: `host of party 10000`."""
    seconds: float
    """Since the last of them ended."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """All of it."""

    job: str
    status: str
    created: float
    scheduler: str
    sides: tuple[JobSide, ...]
    tasks: tuple[TaskState, ...]
    failure: JobFailure | None = None
    measures: tuple[Measure, ...] = ()
    stalled: tuple[StalledTask, ...] = ()
    unknown: tuple[str, ...] = ()
    """Sentences: who gave no answer."""


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One line of a list."""

    job: str
    sides: tuple[str, ...]
    """Its roles at the parties that were asked: `guest of party 9999`."""
    status: str
    partners: str
    progress: int
    cores: int
    """Of all of these sides together."""
    created: float
    elapsed: float
    """Seconds from start to end; 0 until the end."""
    interrupted: Interruption | None = None
    """What ended it, where that was a restart."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """The newest jobs."""

    jobs: tuple[ListedJob, ...]
    unknown: tuple[str, ...]
    """Sentences: who gave no answer."""
