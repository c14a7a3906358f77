"""Values that earlier checks saw: what a check needs to say how fast something changes, and when it reaches a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

LEAST = 5
"""Samples below which a slope says more of chance than of the thing that was looked at."""
REACH = 10.0
"""How many times as far as it looked back a forecast may look ahead."""
WINDOW = 3 * 86400.0
"""Seconds: what was before matters less than what happens now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value, and when it was seen."""

    time: float
    """Controller's clock, seconds since the epoch."""
    value: float


History = Mapping[str, Mapping[str, tuple[Sample, ...]]]
"""Subject (a node, or the key of a service) -> name -> its samples in the order of time, the present one last."""


def slope(samples: Sequence[Sample], least: int = LEAST, window: float = WINDOW) -> float | None:
    """How fast a value changes, per second; None with fewer than `least` samples.

    The median of the slopes of all pairs (Theil and Sen): one odd value, such as that of a moment in which a job had a
    large file, does not move it.

    Args:
        samples: in the order of time.
        least: at least two.
        window: seconds before the last sample; older ones count only where there are too few younger ones.
    """
    recent = _recent(samples, least, window)
    if len(recent) < least:
        return None
    pairs = [
        (later.value - earlier.value) / (later.time - earlier.time)
        for earlier, later in combinations(recent, 2)
        if later.time > earlier.time
    ]
    return median(pairs) if pairs else None


def seconds_until(
    samples: Sequence[Sample],
    limit: float,
    least: int = LEAST,
    window: float = WINDOW,
    *,
    span: float = 0.0,
    reach: float = REACH,
) -> float | None:
    """Seconds from the last sample until the value reaches a limit, at its present slope.

    None where it does not move towards the limit, with too few samples, with samples that span less than `span`
    seconds, and where that is further ahead than `reach` times what they span: five looks within a minute say nothing
    about next week.
    """
    rate = slope(samples, least, window)
    if not rate:
        return None
    recent = _recent(samples, least, window)
    left, spanned = (limit - recent[-1].value) / rate, recent[-1].time - recent[0].time
    return left if spanned >= span and 0 <= left <= reach * spanned else None


def _recent(samples: Sequence[Sample], least: int, window: float) -> Sequence[Sample]:
    recent = [sample for sample in samples if sample.time >= samples[-1].time - window]
    return recent if len(recent) >= least else samples[-least:]
