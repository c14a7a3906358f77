"""Which services are still settling after a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import NodeFacts, Observed


def settling_services(desired: Desired, observed: Observed, seconds: float) -> frozenset[str]:
    """Keys of the services that someone started within the last `seconds`, and that may still come up.

    A start by hand counts like one of ours: who restarts a service waits for it, too. What shows that a service
    does not come up ends this at once: a process that has ended since, or that is frozen. A service that restarts by
    itself therefore never counts: otherwise its restarts would hide it for ever.
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
    return since is not None and now - seconds <= since <= now + 1 and not ended(state)


def ended(state: Mapping[str, Any]) -> bool:
    """Whether a service shows that it does not come up: it has ended since its start, or is frozen."""
    return bool(state.get("restarts") or waits_to_restart(state) or (state.get("main") or {}).get("frozen"))


def waits_to_restart(state: Mapping[str, Any]) -> bool:
    """Whether it ended, and its supervisor waits before the next attempt."""
    return str(state.get("sub", "")).startswith(("auto-restart", "backoff"))
