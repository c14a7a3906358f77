"""The services of a cluster, each with its look-ups."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.model.cluster import Cluster, External, Node
from fatecloud.model.component import Component
from fatecloud.model.identity import ServiceId
from fatecloud.model.java import Java, Jdk
from fatecloud.model.release import Release
from fatecloud.model.runtime import JavaRuntime
from fatecloud.resolve.context import ResolveContext
from fatecloud.resolve.java import choose


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


def contexts_of(
    cluster: Cluster, release: Release, components: Mapping[str, Component], jdks: tuple[Jdk, ...] = ()
) -> dict[str, ResolveContext]:
    """The look-ups of each managed service by its key, before any was asked what it needs inside others.

    Args:
        jdks: the imported JVMs that the controller's store has.
    """
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
            chosen=_java(service, release, components[service.component], cluster.nodes[service.node], jdks),
        )
        for service in placed
    }


def _java(service: ServiceId, release: Release, component: Component, node: Node, jdks: tuple[Jdk, ...]) -> Java | None:
    if not isinstance(component.runtime, JavaRuntime):
        return None
    return choose(service.key, release.java[component.name], node, jdks)
