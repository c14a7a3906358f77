"""Which data stay behind when a service leaves its node, or keeps them elsewhere from now on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.registry import all_components
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.layout import data_of
from fatecloud.model.plan import LeftData


def data_left(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[LeftData, ...]:
    """What no deploy carries over: it moves no data.

    Args:
        manifests: node -> its record; of the nodes that the plan is for.
    """
    return tuple(left for node in sorted(manifests) for left in _left(desired, manifests, node))


def starting_anew(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Keys of the services that keep data and that their nodes, as far as they are here, do not have yet."""
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
        if what and service is None:
            heir = _heir(desired, manifests, ident)
            yield LeftData(key, node, path, what, *((heir.id.key, heir.id.node, heir.data) if heir else ()))
        elif what and service and service.data != path:
            yield LeftData(key, node, path, what, key, node, service.data)


def _heir(desired: Desired, manifests: Mapping[str, Mapping[str, Any]], gone: ServiceId) -> DesiredService | None:
    """The service that does from now on what a departing one did. Where there may be many, only a new one does."""
    alike = [s for s in desired.services.values() if (s.id.party, s.id.component) == (gone.party, gone.component)]
    if all_components()[gone.component].many:
        alike = [service for service in alike if not _has(manifests, service)]
    return min(alike, key=lambda service: service.id.key, default=None)


def _has(manifests: Mapping[str, Mapping[str, Any]], service: DesiredService) -> bool:
    return service.id.key in manifests.get(service.id.node, {}).get("services", {})


def _keeps(component: str) -> str:
    known = all_components().get(component)
    return known.keeps if known else ""
