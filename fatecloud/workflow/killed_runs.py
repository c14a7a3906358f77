"""Leases that runs of this controller left behind when they were killed: what they had begun is not under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fatecloud.model.lease import KILLED
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.render.holder import dead
from fatecloud.state.directory import known_controller


def with_killed_runs(state: Path, observed: Observed) -> Observed:
    """What nodes answered, with a mark in each lease whose run was killed, and in no other.

    Args:
        state: the cluster's state directory, which has the id of this controller.
    """
    return replace(observed, nodes={name: _marked(state, reading) for name, reading in observed.nodes.items()})


def was_killed(state: Path, lease: Mapping[str, Any]) -> bool:
    """Whether a run of this controller took the lease, and its process is certainly dead.

    A process of another controller cannot be looked at, so its lease holds until it runs out.
    """
    controller = lease.get("controller")
    return bool(controller) and controller == known_controller(state) and dead(lease.get("process") or {})


def _marked(state: Path, reading: NodeFacts | Unreachable) -> NodeFacts | Unreachable:
    lease = reading.fact("lease").value if isinstance(reading, NodeFacts) else None
    if not isinstance(reading, NodeFacts) or not lease:
        return reading
    lease = {key: value for key, value in lease.items() if key != KILLED}
    lease |= {KILLED: True} if was_killed(state, lease) else {}
    return replace(reading, facts={**reading.facts, "lease": Fact(lease)})
