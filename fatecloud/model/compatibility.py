"""Which versions of FATE run jobs with each other. Pure.

It says nothing of routers: rollsite and OSX pass each other's packets on, so a question may reach the flow of a party
with which no job can run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fatecloud.model.identity import in_order

_VERSION = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Versions of FATE with which a release cannot run a job."""

    first: str
    """The oldest one."""
    below: str
    """The oldest one after `first` that is none of them; empty where none is known."""
    why: str
    """What differs, as a part of a sentence."""

    def has(self, version: str) -> bool:
        """Whether a version is one of them. A text that is not a version is none."""
        found = _VERSION.match(version)
        if found is None or _numbers(found[0]) < _numbers(self.first):
            return False
        return not self.below or _numbers(found[0]) < _numbers(self.below)


def incompatibility(own: str, others: Iterable[Incompatible], version: str) -> str:
    """Why two versions of FATE cannot run a job together, as a sentence; empty if nothing is known against it.

    Args:
        own: the one on one side.
        others: those with which it cannot.
        version: the one on the other side, as the inventory or the other flow says it.
    """
    why = next((one.why for one in others if one.has(version)), "")
    return f"FATE {own} and FATE {version} cannot run a job together: {why}" if why else ""


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Which parties can run jobs with each other, managed ones and peers."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """Party -> its version of FATE; without those of which it is not known."""
    reasons: Mapping[frozenset[str], str] = field(default_factory=dict)
    """Two of these versions that cannot run a job together -> why."""

    def apart(self, one: str, other: str) -> str:
        """Why two parties cannot run a job together; empty if nothing is known against it."""
        versions = frozenset((self.versions.get(one, ""), self.versions.get(other, "")))
        return self.reasons.get(versions, "")

    def having(self, version: str) -> tuple[str, ...]:
        """The parties of a version, by number."""
        return tuple(sorted((party for party, own in self.versions.items() if own == version), key=in_order))

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each two versions that cannot run a job together, with their parties."""
        pairs = sorted((sorted(versions), why) for versions, why in self.reasons.items())
        return tuple(
            f"{why}; there are no routes between {_named(self.having(one))} and {_named(self.having(other))}"
            for (one, other), why in pairs
        )


def _named(parties: tuple[str, ...]) -> str:
    return f"part{'y' if len(parties) == 1 else 'ies'} {', '.join(parties)}"


def _numbers(version: str) -> tuple[int, ...]:
    """Its numbers without zeros at the end: `2.1` and `2.1.0` are one version."""
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
