"""The numbers in what FATE's tasks record as metrics; pure.

A metric is `{"name", "type", "groups", "step_axis", "data"}`. Its data are a list of steps, each like
`{"metric": [0.69], "step": 0}`, or nested maps and lists, down to
`{"metric": "auc", "val": 0.95}` or to plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fatecloud.components.flow.numbers import is_number
from fatecloud.model.jobs import Measure

_DEEPEST = 12
_UNNAMED = frozenset({"default"})
"""Groups that say nothing."""


def measures_of(metrics: Iterable[Mapping[str, Any]], role: str, party: str, task: str) -> tuple[Measure, ...]:
    """The numbers of one task, in the order in which it recorded them. Texts, tables and curves are left out."""
    return tuple(
        Measure(task, role, party, name, of, step, value)
        for metric in metrics
        for name, of, step, value in _numbers(metric)
    )


_Number = tuple[str, str, int | None, float]


def _numbers(metric: Mapping[str, Any]) -> Iterator[_Number]:
    data, name = metric.get("data"), str(metric.get("name") or "")
    if isinstance(data, list) and data and all(isinstance(step, Mapping) and "step" in step for step in data):
        groups = " ".join(str(group.get("name")) for group in metric.get("groups") or () if _says(group))
        for step in data:
            values = step.get("metric")
            for value in values if isinstance(values, list) else [values]:
                if is_number(value):
                    yield name, groups, int(step["step"]), float(value)
        return
    if data is not None and is_number(data):
        yield name, "", None, float(data)
        return
    yield from _inside(data, name if metric.get("type") != "evaluation" else "", _DEEPEST)


def _says(group: Any) -> bool:
    return isinstance(group, Mapping) and str(group.get("name")) not in _UNNAMED


def _inside(node: Any, path: str, levels: int) -> Iterator[_Number]:
    if levels <= 0:
        return
    if isinstance(node, list):
        for item in node:
            yield from _inside(item, path, levels - 1)
    elif isinstance(node, Mapping) and "metric" in node:
        if is_number(node.get("val")):
            yield str(node["metric"]), path, None, float(node["val"])
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if is_number(value):
                yield str(key), path, None, float(value)
            else:
                yield from _inside(value, f"{path} {key}".strip(), levels - 1)
