"""What a controller remembers of its runs and clusters, as pure data."""

from __future__ import annotations

from dataclasses import dataclass

from fatecloud.model.event import Event

RUNNING = "running"
KILLED = "killed"


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of a verb that changed nodes, or that ran a command on them."""

    id: str
    verb: str
    who: str
    """Login name of the operator."""
    origin: str
    """Where the operator typed it: the controller's host name, and the client's address behind an SSH login."""
    argv: tuple[str, ...]
    """The command line, secrets removed."""
    started: float
    """Epoch."""
    ended: float | None
    """Epoch; None while it runs."""
    outcome: str
    """`done`, `failed`, `refused`, `locked`, `unverified`, `interrupted`, `killed` or `running`."""
    changed: int = 0
    """How many steps changed something."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of a run and when it came."""

    at: float
    """Epoch."""
    event: Event


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A cluster that this controller has worked on."""

    id: str
    name: str
    inventory: str
    """Absolute path of the inventory that was used last; it may have moved since."""
    runs: int
    """How many runs are recorded."""
    last: PastRun | None
    error: str = ""
    """Why its history cannot be read; empty if it can."""
