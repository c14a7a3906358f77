"""Which run holds a node at this moment, by the lease that was read there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fatecloud.model.observed import Observed

KILLED = "killed"
"""Key of a lease whose run is certainly dead: the controller adds it, which alone can know."""
_NONE: Mapping[str, Any] = MappingProxyType({})


def held_by(observed: Observed, node: str) -> Mapping[str, Any]:
    """The lease of the run that holds a node now; empty where none does, or it could not be read.

    A run that was killed holds nothing, and neither does one whose lease has run out.
    """
    facts = observed.reached(node)
    lease: Mapping[str, Any] = (facts.fact("lease").value if facts else None) or _NONE
    return lease if lease and left(observed, node, lease) > 0 and not lease.get(KILLED) else _NONE


def left(observed: Observed, node: str, lease: Mapping[str, Any]) -> float:
    """Seconds until the lease of a node runs out; zero or less after that."""
    facts = observed.reached(node)
    # By the node's own clock, with which its end was computed.
    now = ((facts.fact("clock").value if facts else None) or {}).get("epoch", observed.taken)
    return float(lease.get("expires", 0)) - float(now)
