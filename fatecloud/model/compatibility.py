"""Which versions of FATE run jobs with each other. Pure.

It says nothing of routers: rollsite and OSX pass each other's packets on, so a question may reach the flow of a party
with which no job can run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True, slots=True)
class WorksWith:
    """The versions of FATE that other parties may have, so that a job with them can succeed."""

    first: str
    """The oldest one."""
    below: str
    """The oldest one after `first` with which no job can run; empty where none is known."""
    older: str
    """What differs in those before `first`."""
    newer: str
    """What differs in those from `below` on."""

    def difference(self, version: str) -> str:
        """What keeps jobs with a version of FATE from running; empty if nothing is known to.

        Args:
            version: `1.11.4`. A text that is not a version says nothing.
        """
        found = _VERSION.match(version)
        if found is None:
            return ""
        numbers = _numbers(found[0])
        if numbers < _numbers(self.first):
            return self.older
        return self.newer if self.below and numbers >= _numbers(self.below) else ""


def incompatibility(own: str, works_with: WorksWith | None, other: str) -> str:
    """Why two versions of FATE cannot run a job together, as a sentence; empty if nothing is known against it.

    Args:
        own: version of FATE on one side.
        works_with: what the release with this version says; None for one that says nothing.
        other: version on the other side, as the inventory or the other flow says it.
    """
    difference = works_with.difference(other) if works_with and other else ""
    return f"FATE {own} and FATE {other} cannot run a job together: {difference}" if difference else ""


def _numbers(version: str) -> tuple[int, ...]:
    """Its numbers without zeros at the end: `2.1` and `2.1.0` are one version."""
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
