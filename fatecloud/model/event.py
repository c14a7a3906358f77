"""What happens while a verb runs, as data; the console, the run log and the tests subscribe."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

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

    @property
    def answer(self) -> dict[str, Any]:
        """What the module of a changed task returned: anything. Empty if it was cut off or is not a mapping."""
        try:
            found = json.loads(self.detail) if self.kind == "changed" and self.detail else {}
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts in the answer; empty if it has no such list."""
        return texts_of(self.answer.get(key))


def texts_of(found: Any) -> tuple[str, ...]:
    """The texts of a list that a node sent; none if it sent something else."""
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


Listener = Callable[[Event], None]
