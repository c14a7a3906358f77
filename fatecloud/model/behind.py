"""What is behind an edge, and which services something else than load keeps from answering. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.lasting import stays_away
from fatecloud.model.observed import Observed
from fatecloud.model.service import Edge

PEER = "peer:"
"""Before the id of a party, as the target of an edge."""


def services_behind(edge: Edge, desired: Desired) -> list[DesiredService]:
    """The managed services behind an edge's target, and the exchange before it.

    Empty for an external service, and for another operator's party that is reached directly.
    """
    between = [desired.services[edge.through]] if edge.through in desired.services else []
    if edge.target in desired.services:
        return [desired.services[edge.target], *between]
    if not edge.target.startswith(PEER):
        return []
    theirs = [s for s in desired.services.values() if s.id.owner == edge.target.removeprefix(PEER)]
    source = desired.services[edge.source].id.component
    behind = [s for s in theirs if any(p.peers and p.number == edge.endpoint.port for p in s.ports)]
    return [*(behind or [s for s in theirs if s.id.component == source]), *between]


def behind_a_fault(desired: Desired, observed: Observed) -> set[str]:
    """Services that have a fault of their own, and those whose edges lead to one of these."""
    services = desired.services.values()
    found = {s.id.key for s in services if _at_fault(s, observed) or stays_away(s, desired, observed)}
    while more := {s.id.key for s in services if s.id.key not in found and _targets(s, desired) & found}:
        found |= more
    return found


def _targets(service: DesiredService, desired: Desired) -> set[str]:
    return {one.id.key for edge in service.edges if edge.direct for one in services_behind(edge, desired)}


def _at_fault(service: DesiredService, observed: Observed) -> bool:
    """Whether it is frozen or does not run, or an answer of its own came in time and was not a good one."""
    seen = observed.reached(service.id.node)
    if seen is None:
        return False
    state: Mapping[str, Any] = (seen.fact("services").value or {}).get(service.id.key) or {}
    main = state.get("main") or {}
    if main.get("frozen") or state.get("state", "running") != "running":
        return True
    answers = (seen.probes.get(f"{service.id.key}:{probe.name}") for probe in service.probes)
    return any(answer is not None and not answer.late and _is_bad(answer.data) for answer in answers)


def _is_bad(document: object) -> bool:
    # What other parties do not answer says nothing about the service that asked them.
    return isinstance(document, Mapping) and document.get("ok") is False and "peers" not in document
