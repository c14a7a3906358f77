"""Start order, from the edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from fatecloud.errors import InputError
from fatecloud.model.service import Edge


def stages(services: Mapping[str, Iterable[Edge]]) -> tuple[tuple[str, ...], ...]:
    """Group services so that each depends only on earlier groups.

    Args:
        services: service key -> its edges. Only hard edges to services in the mapping order anything.

    Returns:
        Keys in start order, sorted within a stage.

    Raises:
        InputError: services depend on each other in a circle.
    """
    # Soft edges may make circles: two flows ask each other, and either may be first.
    graph = {key: {e.target for e in edges if e.hard and e.target in services} for key, edges in services.items()}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise InputError(f"these services wait for each other: {' -> '.join(error.args[1])}") from error
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(tuple(sorted(ready)))
        sorter.done(*ready)
    return tuple(found)
