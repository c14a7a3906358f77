"""A finding that operators know of and do not want to hear of for some time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mute:
    """What was muted, as bad as it was then."""

    finding: str
    """Id of the finding: `CODE@subject`."""
    severity: str
    reason: str
    until: float
    """Seconds since the epoch."""
    by: str
    """Who muted it: `ada@ops`."""
    at: float
    """Seconds since the epoch."""
    about: tuple[str, ...] = ()
    """The neighbours that it concerned, see `Finding.about`."""
    explained: Mapping[str, str] = field(default_factory=dict)
    """Id -> severity of the findings that it explained; they are muted with it."""
