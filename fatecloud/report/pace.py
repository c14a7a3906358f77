"""Progress of the current step: nodes that are done, time so far, and the time that it took last time."""

from __future__ import annotations

import time
from collections.abc import Callable

from fatecloud.model.duration import duration_text
from fatecloud.model.event import Event

SHOWN_AFTER = 3.0
"""Seconds after which a step's figures are worth showing."""
EVERY = 30.0
"""Seconds between two lines about a long step when a line cannot be redrawn."""


class Pace:
    """Works out from events how far the current step is.

    Args:
        now: seconds, from any fixed start.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.clear()

    def clear(self) -> None:
        """Forget the step: it is over, or the operator is being asked something."""
        self._text = ""
        self._began = self._shown = self._now()
        self._last_time = 0.0
        self._at_work: set[str] = set()
        self._done: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if event.kind in ("task", "wait"):
            if event.text != self._text:
                self.clear()
                self._text, self._last_time = event.text, event.seconds
        elif event.kind == "begun":
            self._at_work.add(event.node)
        elif event.node and event.kind in ("ok", "changed", "failed", "unreachable"):
            self._done.add(event.node)
        elif event.kind in ("step", "ok"):
            self.clear()

    @property
    def text(self) -> str:
        """The step with its figures; empty between steps."""
        spent = self._now() - self._began
        if not self._text or spent < SHOWN_AFTER:
            return self._text
        figures = [duration_text(spent)]
        # With one node the figure would say nothing.
        if len(self._at_work) > 1:
            figures.insert(0, f"{len(self._done & self._at_work)} of {len(self._at_work)} nodes")
        if self._last_time > spent:
            figures.append(f"about {duration_text(self._last_time - spent)} left")
        elif self._last_time:
            figures.append(f"{duration_text(self._last_time)} the last time")
        return f"{self._text} ({', '.join(figures)})"

    def due(self) -> str:
        """A line about a step that takes long, every `EVERY` seconds; otherwise empty."""
        if not self._text or self._now() - self._shown < EVERY:
            return ""
        self._shown = self._now()
        return f"still running: {self.text}"
