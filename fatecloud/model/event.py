"""What happens while a verb runs, as data; the console, the run log and the tests subscribe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["step", "task", "ok", "changed", "failed", "unreachable", "wait", "note"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of progress."""

    kind: Kind
    text: str
    node: str = ""
    service: str = ""
    detail: str = ""
    """More for the run log (module output, error lines); redacted."""


Listener = Callable[[Event], None]
