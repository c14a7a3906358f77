"""The services of a cluster, each with its look-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component
from fatecloud.model.identity import ServiceId
from fatecloud.model.java import Java, Jdk
from fatecloud.model.release import Release
from fatecloud.resolve.context import ResolveContext
from fatecloud.resolve.java import choose


def placed_services(cluster: Cluster) -> tuple[ServiceId, ...]:
    """Every managed service of the cluster, sorted."""
    return tuple(
        sorted(
            ServiceId(cluster.label, owner.id, component, placed.node)
            for owner in cluster.owners.values()
            for component in owner.placement
            for placed in owner.instances(component)
        )
    )


def contexts_of(
    cluster: Cluster,
    releases: Mapping[str, Release],
    components: Mapping[str, Mapping[str, Component]],
    jdks: tuple[Jdk, ...] = (),
) -> dict[str, ResolveContext]:
    """The look-ups of each managed service by its key, before any was asked what it needs inside others.

    Args:
        releases: of each owner, by its id.
        components: of each owner's release, likewise.
        jdks: the imported JVMs that the controller's store has.
    """
    placed = placed_services(cluster)
    asked = (ResolveContext(cluster, releases, components, service, placed) for service in placed)
    return {context.id.key: replace(context, chosen=_java(context, jdks)) for context in asked}


def _java(context: ResolveContext, jdks: tuple[Jdk, ...]) -> Java | None:
    return choose(context.id.key, context.javas, context.node, jdks) if context.javas else None
