"""What a workflow uses to show things while it runs. The console implements it; tests collect the calls in lists."""

from __future__ import annotations

from typing import Protocol

from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan


class Ui(Protocol):
    """Listens to events, and shows plans and reports."""

    def __call__(self, event: Event) -> None:
        """Show an event."""

    def plan(self, plan: Plan) -> None:
        """Show a plan."""

    def report(self, report: Report) -> None:
        """Show findings."""

    def say(self, text: str) -> None:
        """Print a result."""
