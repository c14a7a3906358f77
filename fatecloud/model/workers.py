"""Workers: processes that a service starts for the jobs of others, and that operators want to see apart from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Workers:
    """What the workers of a component are called, and how to tell one from its command line."""

    name: str
    """`egg`."""
    task: str
    """What one works for: `session`."""
    command: str
    """Regular expression that the command line of one has in it; its group `task` is the id of what it works for."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """The workers that a service has at a moment."""

    count: int
    tasks: tuple[str, ...]
    """Ids of what they work for, sorted."""
    rss: int
    """Bytes of memory that they have together. What two of them share counts twice."""
    oldest: float
    """Age in seconds of the oldest; 0 if there is none."""


def at_work(workers: Workers, state: Mapping[str, Any]) -> AtWork:
    """The workers among the children of a service.

    Args:
        workers: what they look like.
        state: of the service, in the fact `services`. It describes the 50 largest children.
    """
    found = list(each_worker(workers, state))
    return AtWork(
        count=len(found),
        tasks=tuple(sorted({task for task, _ in found})),
        rss=sum(child["rss"] or 0 for _, child in found),
        oldest=max((child["age"] for _, child in found), default=0.0),
    )


def each_worker(workers: Workers, state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each of them: the id of what it works for, and its entry among the children. Arguments as for `at_work`."""
    pattern = re.compile(workers.command)
    for child in state.get("children", ()):
        if match := pattern.search(child["command"]):
            yield match["task"], child
