"""Which services are still settling after fatecloud started them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import NodeFacts, Observed

_START_SECONDS = 60.0
"""How far a process's start may be from the time in the manifest and still be the start that fatecloud ordered."""


def settling_services(desired: Desired, observed: Observed, seconds: float) -> frozenset[str]:
    """Keys of the services that a run of fatecloud started within the last `seconds`, and that may still come up.

    A start is ours when a run holds the node's lease now, or when the manifest says that a run started the service just
    then. What shows that a service does not come up ends this at once: a process that has ended since, or that is
    stopped. A service that restarts by itself therefore never counts: otherwise its restarts would hide it for ever.
    """
    if seconds <= 0:
        return frozenset()
    found = set()
    for name in desired.cluster.nodes:
        facts = observed.reached(name)
        if facts is not None and facts.fact("clock").ok and facts.fact("services").ok:
            found |= {s.id.key for s in desired.on_node(name) if _settles(s, facts, seconds)}
    return frozenset(found)


def _settles(service: DesiredService, facts: NodeFacts, seconds: float) -> bool:
    now = float(facts.fact("clock").value["epoch"])
    state: Mapping[str, Any] = facts.fact("services").value.get(service.id.key) or {}
    since = state.get("since")
    if since is None or not now - seconds <= since <= now + 1 or _fails(state):
        return False
    lease: Mapping[str, Any] = facts.fact("lease").value or {}
    if lease and lease.get("expires", 0) > now:
        return True
    manifest: Mapping[str, Any] = facts.fact("manifest").value or {}
    ordered = manifest.get("services", {}).get(service.id.key, {}).get("at")
    return ordered is not None and abs(since - ordered) <= _START_SECONDS


def _fails(state: Mapping[str, Any]) -> bool:
    return bool(state.get("restarts") or waits_to_restart(state) or (state.get("main") or {}).get("frozen"))


def waits_to_restart(state: Mapping[str, Any]) -> bool:
    """Whether it ended, and its supervisor waits before the next attempt."""
    return str(state.get("sub", "")).startswith(("auto-restart", "backoff"))
