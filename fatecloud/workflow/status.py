"""`status`: reads the nodes of some services. It does not ask the services themselves, so it is quick."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from fatecloud.model.desired import Desired
from fatecloud.model.last_check import LastCheck
from fatecloud.model.observed import Observed
from fatecloud.state.last_check import last_check

FACTS = ("clock", "files", "lease", "listeners", "manifest", "packages", "services")
"""The facts that the daily screen shows."""


class Observe(Protocol):
    """Reads nodes."""

    def __call__(self, *, probes: bool, nodes: Collection[str], want: Collection[str]) -> Observed:
        """Read these facts of these nodes."""


def look(desired: Desired, observe: Observe, keys: Collection[str]) -> Observed:
    """Read what the daily screen needs.

    Args:
        keys: services to show.
    """
    nodes = sorted({desired.services[key].id.node for key in keys})
    return observe(probes=False, nodes=nodes, want=FACTS)


def newest_check(state: Path) -> LastCheck | None:
    """What this controller's newest check of the whole cluster found; None before the first one.

    Args:
        state: the cluster's state directory.
    """
    return last_check(state)
