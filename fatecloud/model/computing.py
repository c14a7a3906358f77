"""Sessions of a computing engine: the workers that a task of a job has for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run


@dataclass(frozen=True, slots=True)
class ComputingSession:
    """One that has not ended."""

    id: str
    status: str
    """In the engine's own word: `NEW` until all of its workers have started, then `ACTIVE`."""
    workers: int
    """That it asked for."""
    started: int
    age: float
    """Seconds since it was asked for."""


class SessionApi(Protocol):
    """The sessions of one service. Each method raises FatecloudError when the service gives no answer."""

    def sessions(self) -> tuple[ComputingSession, ...]:
        """Those that have not ended, the oldest first."""

    def end(self, session: str) -> None:
        """End a session and its workers. Ignores one that has ended, and an unknown one."""


SessionApiAt = Callable[[DesiredService, Run], SessionApi]
"""What `Component.session_api` names: the sessions of a service, asked by commands on its node."""


@dataclass(frozen=True, slots=True)
class SessionPage:
    """The sessions of all parties that were asked."""

    sessions: tuple[tuple[str, ComputingSession], ...]
    """Each with its party."""
    unknown: tuple[str, ...]
    """Sentences: who gave no answer."""
