"""The names of secrets as a table; never a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fatecloud.report.wrap import table


class Line(Protocol):
    """What is told of one secret."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def origin(self) -> str:
        """Who made it."""

    @property
    def length(self) -> int:
        """How many characters it has."""

    @property
    def notes(self) -> str:
        """What else there is to say."""


def secrets_list(lines: Iterable[Line], width: int) -> str:
    """Name, origin, length, notes."""
    rows = [(line.name, line.origin, f"{line.length:>4}", line.notes) for line in lines]
    return "\n".join(table(rows, width)) or "no secrets"
