"""What is kept of the newest check of a whole cluster, for screens that do not check themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LastCheck:
    """The outcome of a check."""

    taken: float
    """Controller's clock, seconds since the epoch."""
    exit_status: int
    passed: int
    """How many checks passed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Severity -> number of findings."""
    roots: tuple[str, ...] = ()
    """Ids of the root causes, in the order of the report."""
