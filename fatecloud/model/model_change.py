"""What a verb about models changes at each service: its steps, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fatecloud.model.sizes import size_text
from fatecloud.model.trained import ModelPart


@dataclass(frozen=True, slots=True)
class Step:
    """One change at one service."""

    key: str
    """Of the service."""
    part: ModelPart
    size: int
    """Bytes that are loaded; 0 where it only gets a service id."""
    service: str = ""
    """Service id that is to lead to the part; empty to load it."""
    before: ModelPart | None = None
    """What the service id leads to now."""

    def __str__(self) -> str:
        if not self.service:
            return f"{self.key}: load version {self.part.version} as {self.part}, {size_text(self.size)}"
        now = f"version {self.before.version}" if self.before else "nothing"
        if self.before and self.before.model != self.part.model:
            now = f"{now} of model {self.before.model}"
        return f"{self.key}: service id {self.service} leads to version {self.part.version}; now to {now}"


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What a verb about models has done, or would do."""

    what: str
    """`import` or `back`."""
    service: str
    """Service id; empty for none."""
    steps: Sequence[Step]
    """In their order; none where it is so already."""
    done: bool
    """Whether they were made; False for a dry run."""
    notes: Sequence[str] = ()
    """Sentences: what else a prediction needs."""
