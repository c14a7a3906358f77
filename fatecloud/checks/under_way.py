"""What a run of an operator is changing at this moment: a passing state of it is neither a fault nor a drift.

The run writes into its lease what it deploys, and when it begins to change a service. A service is judged again as soon
as it serves with all of its objects, shows that it does not come up, or has had the time for which the run waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.checks.booting import serves
from fatecloud.checks.settle import ended
from fatecloud.model.check import PENDING, ServiceView
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.lease import held_by
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.strain import strain

_SLACK = 60.0
"""Seconds for the stop before a start, and for the run to say that the service did not come up."""
_STOPS = 30.0
"""Seconds in which a process from before may be on its way down. It answers until it is gone, and not always rightly:
a broker lists none of its plugins any more while its API still answers."""
_LOADED = 2.0
"""How many times as long a loaded node may take: there a start takes longer, and the run waits from later on."""
_WAITING = frozenset({PENDING, "RESTART_PENDING"})
"""What a deploy will have done when it is over."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Keys of services, by what the runs that hold their nodes do with them."""

    changing: frozenset[str] = frozenset()
    """A run changes them now, and they do not serve yet."""
    planned: frozenset[str] = frozenset()
    """A run changes them, or will: what it has yet to write or to restart is pending."""
    shaken: frozenset[str] = frozenset()
    """Their turn comes later, and the run has changed a neighbour of theirs already: a new password, a new port."""

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is nothing but this work, of whatever kind it is."""
        key = finding.subject.service
        return key in self.changing or (key in self.planned and finding.code in _WAITING)


def under_way(desired: Desired, observed: Observed) -> UnderWay:
    """What the runs do that hold nodes now."""
    leases = {name: held_by(observed, name) for name in desired.cluster.nodes}
    begun = {key: float(at) for lease in leases.values() for key, at in lease.get("changing", {}).items()}
    planned = frozenset(key for lease in leases.values() for key in lease.get("deploys", ()))
    changing = frozenset(
        service.id.key
        for service in desired.services.values()
        if service.id.key in begun and _comes_up(desired, observed, service, begun[service.id.key])
    )
    shaken = frozenset(
        key
        for key, service in desired.services.items()
        if key in planned - begun.keys() and any(edge.target in begun for edge in service.edges)
    )
    return UnderWay(changing, planned | begun.keys(), shaken)


def _comes_up(desired: Desired, observed: Observed, service: DesiredService, begun: float) -> bool:
    facts = observed.reached(service.id.node)
    if facts is None or not facts.fact("services").ok or not facts.fact("clock").ok:
        return False
    state: Mapping[str, Any] = facts.fact("services").value.get(service.id.key) or {}
    passed = float(facts.fact("clock").value["epoch"]) - begun
    if not state or ended(state) or state["state"] == "failed":
        return False
    if not -1 - facts.seconds <= passed <= _most(service, facts):
        return False
    # The lease is read last: it may have begun while the node was read, and the answers be of before and of after.
    old = float(state.get("since") or 0.0) < begun
    if passed <= (_STOPS if old else 1):
        return True
    view = ServiceView(desired, observed, facts, service)
    return not (serves(view) and _has_its_objects(service, facts) and _takes_part(service, facts))


def _most(service: DesiredService, facts: NodeFacts) -> float:
    """Seconds after which a service that a run has begun to change is judged, whatever the run does."""
    usual = service.readiness_deadline + _SLACK
    return usual * _LOADED if strain(facts.fact("load").value) else usual


def _takes_part(service: DesiredService, facts: NodeFacts) -> bool:
    """Whether it has taken back the work that it left to others, where it does that before it is stopped."""
    answer = facts.probes.get(f"{service.id.key}:{service.drain.left.name}") if service.drain else None
    return not (answer and isinstance(answer.data, Mapping) and answer.data.get("left"))


def _has_its_objects(service: DesiredService, facts: NodeFacts) -> bool:
    """Whether its databases and accounts are those of its files: a new password is applied once the service answers."""
    if service.objects is None:
        return True
    files: Mapping[str, Any] = (facts.fact("manifest").value or {}).get("files", {})
    applied: Mapping[str, Any] = (facts.fact("files").value or {}).get(service.objects.applied) or {}
    try:
        text = service.objects.record({path: entry["sha256"] for path, entry in files.items()})
    except KeyError:
        return False
    return applied.get("sha256") == hashlib.sha256(text.encode()).hexdigest()
