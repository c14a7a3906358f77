"""`status`: reads the nodes of some services. It does not ask the services themselves, so it is quick."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed

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
