"""Chains of causes without circles: each leads to a finding that nothing explains, and a circle to one of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

Causes = tuple[Mapping[str, int], ...]
"""For each part of a finding: what may explain it -> its place in the table of explanations, 0 first. A finding is
explained when each part is."""


def chains(possible: Mapping[str, Causes], first: Callable[[str], Any]) -> dict[str, set[str]]:
    """The causes of each finding; empty for roots.

    Where findings explain each other in a circle, and nothing outside explains one of them, one of the circle is the
    root and explains the others.

    Args:
        possible: by id.
        first: sorts the members of a circle; the least one is its root.
    """
    found: dict[str, set[str]] = {}
    waiting = dict(possible)
    while waiting:
        # A finding waits for its best explanations, so that a worse one that is known earlier does not take their
        # place.
        ready = [name for name, parts in waiting.items() if all(_best(part) <= found.keys() for part in parts)]
        if not ready:
            within = [name for name, parts in waiting.items() if all(found.keys() & part.keys() for part in parts)]
            ready = [min(within, key=first)] if within else []
        chosen = {name: _chosen(waiting[name], found) for name in ready}
        chosen = chosen or {name: set() for name in _roots(waiting, first)}
        found |= chosen
        waiting = {name: parts for name, parts in waiting.items() if name not in chosen}
    return found


def _best(part: Mapping[str, int]) -> set[str]:
    least = min(part.values())
    return {name for name, number in part.items() if number == least}


def _chosen(parts: Causes, found: Collection[str]) -> set[str]:
    known = [{name: number for name, number in part.items() if name in found} for part in parts]
    return set().union(*(_best(part) for part in known))


def _roots(waiting: Mapping[str, Causes], first: Callable[[str], Any]) -> list[str]:
    """One member of each circle that nothing outside of it explains."""
    after = {name: {cause for part in parts for cause in part if cause in waiting} for name, parts in waiting.items()}
    reached = {name: _reached(name, after) for name in after}
    circles = {frozenset(own) for own in reached.values() if all(reached[other] == own for other in own)}
    return sorted(min(circle, key=first) for circle in circles)


def _reached(name: str, after: Mapping[str, Collection[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        new = set(after[todo.pop()]) - seen
        seen |= new
        todo += new
    return seen
