"""The ledger of cores: which jobs have them, which wait for them, and what keeps the first of a queue waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.jobs import Attempt, JobRow
from fatecloud.model.remedy import Remedy


@dataclass(frozen=True, slots=True)
class Site:
    """What one service that runs jobs answered."""

    party: str
    service: str
    """Its key."""
    component: str
    cores: int
    """Cores that all of its jobs together may have; 0 if that is not known."""
    cores_key: str
    """The setting that says how many; empty if it has none."""
    rows: tuple[JobRow, ...]
    """Jobs that have not ended, and ended ones that still have cores."""
    attempts: Mapping[str, tuple[Attempt, ...]] = field(default_factory=dict)
    """Waiting job -> what the service recorded of the last attempt to start it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A role of a job that has cores."""

    job: str
    role: str
    cores: int
    status: str
    partners: str
    since: float
    """Seconds since the epoch; 0 if that is not reported."""


@dataclass(frozen=True, slots=True)
class Account:
    """The cores of one party."""

    party: str
    service: str
    cores: int
    holders: tuple[Holder, ...]
    lost: int
    """Cores that the service counts as taken, and that no job has, as far as an attempt shows."""

    @property
    def held(self) -> int:
        """Cores that jobs have."""
        return sum(holder.cores for holder in self.holders)

    @property
    def free(self) -> int:
        """Cores that a job could get."""
        return max(0, self.cores - self.held - self.lost)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that has not started."""

    job: str
    sides: tuple[str, ...]
    """Its roles at the parties that were asked: `guest of party 9999`."""
    partners: str
    needs: Mapping[str, int]
    """Party that was asked -> cores that the job asks for there, all of its roles together."""
    created: float
    scheduler: str
    """Party that starts it; empty if that is not reported."""
    place: int
    """In the queue of that party, from 1; 0 where that party was not asked."""
    why: tuple[str, ...]
    """Sentences: what it waits for, the decisive one first."""
    blockers: tuple[str, ...]
    """Jobs that have what it waits for, or are before it."""
    remedy: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All of it."""

    accounts: tuple[Account, ...]
    waiting: tuple[Waiting, ...]
    """In the order of their queues."""
    unknown: tuple[str, ...] = ()
    """Sentences: who gave no answer."""
