"""Finds data that stay behind when a service leaves its node or gets another data directory, and data that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.registry import all_components
from fatecloud.errors import RunError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.layout import data_of
from fatecloud.model.marks import DataState, data_state
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.plan import Action, GoneData, LeftData


def data_left(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[LeftData, ...]:
    """The data that stay behind, because a deploy never moves data.

    Args:
        manifests: node -> its record; of the nodes that the plan is for.
    """
    return tuple(left for node in sorted(manifests) for left in _left(desired, manifests, node))


def starting_empty(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Keys of the services that keep data and are not yet on their nodes; only nodes with a manifest here count."""
    return tuple(
        key
        for key, service in sorted(desired.services.items())
        if service.id.node in manifests and _keeps(service.id.component) and not _has(manifests, service)
    )


def _left(desired: Desired, manifests: Mapping[str, Mapping[str, Any]], node: str) -> Iterator[LeftData]:
    for key, entry in sorted(manifests[node].get("services", {}).items()):
        ident = ServiceId.parse(desired.cluster.label, key)
        what = _keeps(ident.component)
        path = entry.get("data") or data_of(desired.node(node), ident)
        service = desired.services.get(key)
        # It left its node; whether another one replaces it is for the operator to see.
        if what and service is None:
            heir = _heir(desired, manifests, ident)
            yield LeftData(key, node, path, what, *((heir.id.key, heir.id.node, heir.data) if heir else ()))
        elif what and service and service.data != path:
            yield LeftData(key, node, path, what, key, node, service.data)


def _heir(desired: Desired, manifests: Mapping[str, Mapping[str, Any]], gone: ServiceId) -> DesiredService | None:
    """The service that replaces a departing one. If a party can have many of them, only a new one replaces it."""
    alike = [s for s in desired.services.values() if (s.id.owner, s.id.component) == (gone.owner, gone.component)]
    if all_components()[gone.component].many:
        alike = [service for service in alike if not _has(manifests, service)]
    return min(alike, key=lambda service: service.id.key, default=None)


def _has(manifests: Mapping[str, Mapping[str, Any]], service: DesiredService) -> bool:
    return service.id.key in manifests.get(service.id.node, {}).get("services", {})


def _keeps(component: str) -> str:
    known = all_components().get(component)
    return known.keeps if known else ""


@dataclass(frozen=True, slots=True)
class DataWish:
    """What the operator decided about the data of services, by key."""

    adopt: frozenset[str] = frozenset()
    """Use the data that are in the data directory."""
    new: frozenset[str] = frozenset()
    """Start without the data that they had."""

    @property
    def services(self) -> frozenset[str]:
        """All services that a decision exists for."""
        return self.adopt | self.new


NO_WISH = DataWish()


def data_gone(desired: Desired, observed: Observed, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[GoneData, ...]:
    """The services whose data are not where they were; only on nodes with a manifest here."""
    found = []
    for key, service in sorted(desired.services.items()):
        facts = observed.reached(service.id.node) if service.id.node in manifests else None
        state = state_of(service, facts, manifests[service.id.node]) if facts else None
        if state and state.blocks:
            found.append(GoneData(key, service.id.node, state))
    return tuple(found)


def state_of(service: DesiredService, facts: NodeFacts, manifest: Mapping[str, Any]) -> DataState | None:
    """State of a service's data; None for one that keeps none.

    Raises:
        RunError: the node could not read it.
    """
    if not service.signs:
        return None
    fact = facts.fact("data")
    if not fact.ok:
        raise RunError(f"{facts.node}: could not read data: {fact.error}", remedy="fatecloud check")
    seen = fact.value.get(service.id.key)
    return data_state(seen, manifest.get("data", {}).get(service.id.key), service.id.stamp) if seen else None


def data_actions(service: DesiredService, state: DataState | None, wish: DataWish) -> list[Action]:
    """What a deploy does to a service's data directory, except for marking it at the first deploy."""
    key, node = service.id.key, service.id.node
    if key in wish.new:
        return [Action("install", node, key, f"start with new data in {service.data}")]
    if key in wish.adopt:
        return [Action("install", node, key, f"use the data that are in {service.data}")]
    if state and not state.blocks and not state.recorded:
        return [Action("configure", node, key, f"mark {service.data} as the place of its data")]
    return []
