"""What a deploy would do, and why it would be refused."""

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
    """A plan with everything that would stop its deploy."""

    cluster: str
    plan: Plan | None
    """None where not everything that it needs could be read."""
    report: Report
    """Of preflight."""
    refusals: tuple[Refusal, ...]
    """In the order in which a deploy would meet them."""

    @property
    def exit_status(self) -> int:
        """The exit status with which a deploy would be refused; 0 if nothing stops it."""
        return self.refusals[0].exit_status if self.refusals else 0
