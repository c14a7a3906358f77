"""What happens while a verb runs, as data; the console, the run log and the tests subscribe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["step", "task", "begun", "ok", "changed", "failed", "unreachable", "wait", "note"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of progress."""

    kind: Kind
    text: str
    node: str = ""
    service: str = ""
    detail: str = ""
    """More for the run log (module output, error lines); redacted."""
    seconds: float = 0.0
    """Of a task: how long it took the last time; 0 where that was short, or is not known."""


Listener = Callable[[Event], None]
