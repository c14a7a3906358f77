"""The numbers in what FATE 1.x's tasks record as metrics; pure.

Flow answers `{namespace: {metric: {"data": [[key, value], ...], "meta": {"metric_type": ...}}}}`. The key is the number
of an iteration, or the name of a figure; in a curve it is the horizontal axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.flow.numbers import is_number
from fatecloud.model.jobs import Measure

_CURVE = "_EVALUATION"
"""End of the types of curves."""
_STEPS = "iters"
"""What the keys of a figure per iteration are."""


def measures_of(metrics: Mapping[str, Any], role: str, party: str, task: str) -> tuple[Measure, ...]:
    """The numbers of one task. Texts, tables and curves are left out."""
    return tuple(
        Measure(task, role, party, name, of, step, value)
        for namespace, named in metrics.items()
        for metric, one in named.items()
        for name, of, step, value in _numbers(namespace, metric, one["data"], one.get("meta") or {})
    )


def _numbers(
    namespace: str, metric: str, data: Any, meta: Mapping[str, Any]
) -> Iterator[tuple[str, str, int | None, float]]:
    if str(meta.get("metric_type", "")).endswith(_CURVE):
        return
    stepped = meta.get("unit_name") == _STEPS
    for key, value in data:
        if not is_number(value):
            continue
        if stepped and is_number(key):
            yield metric, namespace, int(key), float(value)
        elif isinstance(key, str):
            yield key, f"{metric} {namespace}", None, float(value)
