"""What a service needs of its node. Preflight compares it, and the sum over all services, with what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MIB = 1 << 20
LOGS = 512 * MIB
"""Bytes of a service's logs, which are rotated."""
HEAP = "heap"
"""Name of the figure that a JVM takes in one piece at its start."""
Unit = Literal["bytes", "cores", "eggs", "jobs"]


@dataclass(frozen=True, slots=True)
class Figure:
    """How much of something a service takes, or gives to jobs, and why so much."""

    name: str
    """For people: `heap`, `cores for all jobs`."""
    value: int
    unit: Unit
    """Bytes are always memory of the service's node."""
    why: str
    """The rule that gave it, or where the inventory sets it."""
    key: str = ""
    """The setting that decides it, dotted; empty where none does."""
    written: bool = False
    """Whether the operator or the release sets it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Figures of one service. The defaults are those of a small server program."""

    figures: tuple[Figure, ...] = (Figure("the program", 512 * MIB, "bytes", "as a small server program"),)
    """Those in bytes are what it and what it starts take together when it has work."""
    disk: int = 1024 * MIB
    """Bytes of data in its first days."""
    descriptors: int = 65535
    """Files and connections that it may have open at a time."""
    java: tuple[str, ...] = ()
    """A command that shows whether its JVM starts with its flags, and does nothing else; empty where it has none."""

    @property
    def memory(self) -> int:
        """Bytes of its node's memory."""
        return sum(figure.value for figure in self.figures if figure.unit == "bytes")

    @property
    def heap(self) -> int:
        """Bytes of these that a JVM takes in one piece at its start."""
        return sum(figure.value for figure in self.figures if figure.unit == "bytes" and figure.name == HEAP)

    def figure(self, name: str) -> Figure | None:
        """A figure by its name."""
        return next((figure for figure in self.figures if figure.name == name), None)
