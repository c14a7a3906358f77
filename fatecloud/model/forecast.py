"""What a deploy would do, and what it would be refused for."""

from __future__ import annotations

from dataclasses import dataclass

from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a deploy would stop before it changes anything."""

    exit_status: int
    """What the deploy would exit with."""
    message: str
    remedy: str
    details: tuple[str, ...] = ()
    """One line for each part of it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A plan with everything that stands in its way."""

    cluster: str
    plan: Plan | None
    """None where not everything that it needs could be read."""
    report: Report
    """Of preflight."""
    refusals: tuple[Refusal, ...]
    """In the order in which a deploy would come upon them."""

    @property
    def exit_status(self) -> int:
        """What a deploy would be refused with; 0 where nothing is in its way."""
        return self.refusals[0].exit_status if self.refusals else 0
