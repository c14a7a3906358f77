"""The names of secrets as a table, without their values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fatecloud.report.kinds.inventory import SecretList
from fatecloud.report.wrap import table


class Line(Protocol):
    """What is shown about one secret."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def origin(self) -> str:
        """Where its value comes from."""

    @property
    def length(self) -> int:
        """How many characters it has."""

    @property
    def rotating(self) -> bool:
        """Whether it has a next value."""

    @property
    def used(self) -> bool:
        """Whether the inventory needs it."""

    @property
    def notes(self) -> str:
        """Remarks for people."""


def secrets_list(lines: Iterable[Line], width: int) -> str:
    """Name, origin, length, notes."""
    rows = [(line.name, line.origin, f"{line.length:>4}", line.notes) for line in lines]
    return "\n".join(table(rows, width)) or "no secrets"


def secrets_document(lines: Iterable[Line]) -> SecretList:
    """The same as a document for programs."""
    return {
        "items": [
            {
                "name": line.name,
                "origin": line.origin,
                "length": line.length,
                "rotating": line.rotating,
                "used": line.used,
            }
            for line in lines
        ]
    }
