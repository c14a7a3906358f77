"""How long a smoke test took, beside the earlier ones of its kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

WHOLE = "whole"
"""The phase that has all others in it."""
LEAST = 3
"""Earlier tests below which their times say little."""
NOTABLE, NOTABLE_SECONDS = 1.5, 5.0
"""Times as long as usual, and seconds longer, from which on it is worth a line: less is chance."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What earlier tests took, of one kind, between the same parties, with the same release and architecture."""

    tests: int
    seconds: Mapping[str, float]
    """Phase -> the median of those that had it."""


def usual_of(earlier: Sequence[Mapping[str, float]]) -> Usual:
    """Of the seconds of earlier tests, each by phase."""
    phases = dict.fromkeys(phase for one in earlier for phase in one)
    return Usual(len(earlier), {phase: median([one[phase] for one in earlier if phase in one]) for phase in phases})


def slower(seconds: Mapping[str, float], usual: Usual) -> tuple[str, ...]:
    """The phases that took notably longer than usual, the longest first; none as long as there are few tests.

    Args:
        seconds: of this test, by phase.
    """
    if usual.tests < LEAST:
        return ()
    found = [
        phase for phase, took in seconds.items() if phase in usual.seconds and _notable(took, usual.seconds[phase])
    ]
    return tuple(sorted(found, key=lambda phase: seconds[phase], reverse=True))


def _notable(took: float, before: float) -> bool:
    return took > NOTABLE * before and took - before > NOTABLE_SECONDS
