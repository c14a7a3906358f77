"""What would be missing while a node is stopped: pure data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hit:
    """A service on another node that would miss one on this node."""

    service: str
    """Its key."""
    misses: tuple[str, ...]
    """Keys of the services that it would miss."""
    stops: bool
    """Whether it cannot do its work without them."""


@dataclass(frozen=True, slots=True)
class HitJob:
    """A job that would be interrupted."""

    id: str
    sides: tuple[str, ...]
    status: str
    partners: str
    age: float
    """Seconds since it was created."""


@dataclass(frozen=True, slots=True)
class Outage:
    """All of it. What was not found out is in `unknown`."""

    node: str
    stops: tuple[str, ...]
    """Keys of the services that run there."""
    down: tuple[str, ...] = ()
    """Those that are there and do not run."""
    stays_down: tuple[str, ...] = ()
    """Those that run now and do not start at boot."""
    spared: tuple[str, ...] = ()
    """Those of them that other instances do without, each with how many of these work."""
    hits: tuple[Hit, ...] = ()
    owners: tuple[str, ...] = ()
    """Titles of the parties and groups that would miss a service: `party 9999`."""
    partners: tuple[str, ...] = ()
    """Titles of the other parties with which these could not run jobs."""
    jobs: tuple[HitJob, ...] = ()
    runs: tuple[str, ...] = ()
    """A sentence for each run of an operator that changes nodes now."""
    unknown: tuple[str, ...] = field(default=())
    """Sentences: what could not be found out."""

    @property
    def exit_status(self) -> int:
        """0 no one would miss anything, 1 services would be missed, 2 jobs would be interrupted, 3 not all is known."""
        if self.jobs:
            return 2
        if self.unknown:
            return 3
        return 1 if self.owners or self.hits else 0
