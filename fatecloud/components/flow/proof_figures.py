"""What the jobs of the smoke tests measured; pure."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.model.jobs import Measure


def auc(measures: Iterable[Measure]) -> float | None:
    """The area under the curve that an evaluation recorded; None when there is none."""
    return _first(measures, "auc")


def losses(measures: Iterable[Measure]) -> tuple[float, ...]:
    """Loss per iteration, as the arbiter recorded it."""
    steps = [(one.step, one.value) for one in measures if one.step is not None and one.name.endswith("loss")]
    return tuple(value for _, value in sorted(steps))


def shared(measures: Iterable[Measure]) -> int | None:
    """How many keys both parties have, as the intersection recorded it; None when it recorded nothing."""
    found = _first(measures, "intersect_count")
    return None if found is None else int(found)


def _first(measures: Iterable[Measure], name: str) -> float | None:
    return next((one.value for one in measures if one.name == name), None)
