"""What a node is, as far as its services are sized by it and run in what it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.java import FoundJava, Java

_WORDS = {1: "all", 2: "half", 3: "a third", 4: "a quarter", 8: "an eighth"}


@dataclass(frozen=True, slots=True)
class System:
    """A distribution and the processor that it runs on."""

    family: str
    """`debian`, `redhat`, `suse`, or the distribution's own id."""
    id: str
    version: str
    """`12`, `22.04`, `9.4`."""
    arch: str
    """As `uname -m` prints it."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A node's memory, processors, system and JVMs; None where that is not known."""

    memory: int | None = None
    """Bytes: the smaller of what the machine has and what its control groups allow."""
    cores: int | None = None
    java: Mapping[str, Java] = field(default_factory=dict)
    """Service key -> the JVM that an earlier deploy chose for it."""
    javas: tuple[FoundJava, ...] | None = None
    """The node's JVMs; None where they were not asked, because each service has one on record that is still there."""
    system: System | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a node's memory, within bounds: the default of a setting."""

    parts: int
    """One of so many equal parts."""
    least: int
    most: int
    """Bytes."""

    def of(self, memory: int | None) -> int:
        """Bytes of a node with so much memory, whole MiB; the least where that is not known."""
        part = (memory or 0) // self.parts >> 20 << 20
        return max(self.least, min(self.most, part))

    def __str__(self) -> str:
        part = _WORDS.get(self.parts, f"1/{self.parts}")
        return f"{part} of the node's memory, from {self.least >> 20} to {self.most >> 20} MiB"
