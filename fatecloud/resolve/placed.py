"""The services of a cluster, each with its look-ups."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.model.cluster import Cluster, External
from fatecloud.model.component import Component
from fatecloud.model.identity import ServiceId
from fatecloud.model.release import Release
from fatecloud.resolve.context import ResolveContext


def placed_services(cluster: Cluster) -> tuple[ServiceId, ...]:
    """Every managed service of the cluster, sorted."""
    return tuple(
        sorted(
            ServiceId(cluster.label, party.id, component, node)
            for party in cluster.parties.values()
            for component, nodes in party.placement.items()
            if not isinstance(nodes, External)
            for node in nodes
        )
    )


def contexts_of(cluster: Cluster, release: Release, components: Mapping[str, Component]) -> dict[str, ResolveContext]:
    """The look-ups of each managed service by its key, before any was asked what it needs inside others."""
    placed = placed_services(cluster)
    return {
        service.key: ResolveContext(
            cluster=cluster,
            release=release,
            owner=cluster.parties[service.owner],
            node=cluster.nodes[service.node],
            id=service,
            component=components[service.component],
            placed=placed,
        )
        for service in placed
    }
