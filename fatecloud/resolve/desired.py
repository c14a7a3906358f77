"""Cluster x catalogue x components -> Desired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from fatecloud.catalogue import openjdk
from fatecloud.components.registry import components_by_owner
from fatecloud.errors import InputError
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.filter import PACKAGES, Filter
from fatecloud.model.java import Jdk
from fatecloud.model.layout import thin_marker_of, tree_marker_of
from fatecloud.model.protections import in_effect
from fatecloud.model.python import PythonSet
from fatecloud.model.release import DISTRIBUTION, Release
from fatecloud.model.runtime import python_set_of
from fatecloud.model.trees import SUPERVISOR
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.context import ResolveContext
from fatecloud.resolve.contributions import examined, gather
from fatecloud.resolve.filters import filter_of, filter_specs
from fatecloud.resolve.order import stages
from fatecloud.resolve.pairs import refuse_one_way
from fatecloud.resolve.placed import contexts_of
from fatecloud.resolve.supervise import denied, supervision_specs, supervisord_spec
from fatecloud.resolve.trees import placed_trees


def resolve(
    cluster: Cluster,
    releases: Mapping[str, Release],
    pythons: Mapping[tuple[str, str], PythonSet] = MappingProxyType({}),
    jdks: tuple[Jdk, ...] = (),
) -> Desired:
    """Work out the desired state, without rendered files.

    Args:
        cluster: a validated inventory.
        releases: of each owner, by its id: what `catalogue.releases_of` finds.
        pythons: what the store holds of the releases' Python sets, see `Desired.pythons`; empty where it is not known
            (reading verbs work without a store).
        jdks: the imported JVMs that it holds.

    Returns:
        Desired with `files` empty: rendering needs templates, which the caller reads.

    Raises:
        InputError: services depend on each other in a circle, or need inside others what no one gives.
    """
    components = components_by_owner(releases)
    asked = contexts_of(cluster, releases, components, jdks)
    # All are asked what they need before any is asked what it wants: the giver's files depend on it.
    given, unmet = gather(asked.values(), components)
    if unmet:
        raise InputError("\n".join(one.why for one in unmet))
    contexts = {key: replace(context, given=given) for key, context in asked.items()}
    wanted = {key: examined(context, context.component.want(context)) for key, context in contexts.items()}
    edges = tuple(edge for answer in wanted.values() for edge in answer.edges)
    refuse_one_way(edges, cluster.parties)
    order = stages({key: answer.edges for key, answer in wanted.items()})
    filters = {key: filter_of(contexts[key], answer, edges) for key, answer in wanted.items()}
    services = {key: _service(contexts[key], wanted[key], contexts, filters[key]) for key in wanted}
    return Desired(
        cluster=cluster,
        releases=releases,
        services=services,
        files={},
        stages=order,
        given=given,
        pythons=pythons,
        # Every release has the same one.
        supervisor=next((release.trees.get(SUPERVISOR) for release in releases.values()), None),
        jdks=jdks,
        node_specs={
            name: (supervisord_spec(node, cluster.label),)
            for name, node in cluster.nodes.items()
            if node.supervision == "supervisor" and any(s.id.node == name for s in services.values())
        },
    )


def _service(
    context: ResolveContext, wanted: Wanted, contexts: Mapping[str, ResolveContext], kept_out: Filter | None
) -> DesiredService:
    component, node, home = context.component, context.node, context.home
    trees = placed_trees(context, wanted)
    own = [f"{home}/run", context.data, context.logs, *(path for tree in trees for path in tree.writes.values())]
    directories = dict.fromkeys(own, 0o750) | dict(wanted.directories)
    # One mount each in the unit: a directory below another one is writable with it.
    writable = tuple(sorted(path for path in directories if not _below(path, directories)))
    neighbours = [contexts[e.target].id for e in wanted.edges if e.hard and e.target in contexts]
    # systemd orders units of its own machine only. Between nodes the plan's stages do it.
    after = tuple(sorted(n.unit for n in neighbours if n.node == node.name))
    markers = [thin_marker_of(home)] if python_set_of(component.runtime) else []
    markers += [tree_marker_of(tree.path) for tree in trees]
    specs = wanted.files + supervision_specs(
        node, context.id, context.owner, component, wanted, home, writable, after, markers
    )
    specs += filter_specs(node, context.id, f"{component.summary} of {context.owner.title}", home, kept_out)
    return DesiredService(
        id=context.id,
        version=context.release.components.get(component.name, DISTRIBUTION),
        home=home,
        user=context.user,
        group=context.group,
        ports=wanted.ports,
        edges=wanted.edges,
        process=wanted.process,
        places=dict.fromkeys((home, f"{home}/conf", f"{home}/bin"), 0o750),
        directories=directories,
        specs=specs,
        probes=wanted.probes,
        logs=wanted.logs,
        readiness=wanted.readiness,
        readiness_deadline=wanted.readiness_deadline,
        drain=wanted.drain,
        runtime=component.runtime,
        packages=_packages(context, kept_out),
        masks=component.masks,
        objects=wanted.objects,
        migrations=wanted.migrations,
        facts=wanted.facts,
        data=context.data,
        rolls=component.rolls,
        spare=component.spare(len(context.owner.instances(component.name))),
        secrets=tuple(sorted(context.secret(spec.name) for spec in component.secrets(context))),
        signs=component.signs,
        workers=component.workers,
        generation=component.generation,
        filter=kept_out,
        trees=trees,
        residues=wanted.residues,
        routes=wanted.routes,
        takes=wanted.takes,
        page=wanted.page,
        protections=in_effect(denied(node, component, wanted, writable), component.unit_exceptions),
        needs=wanted.needs,
        javas=context.javas,
        java=context.chosen,
    )


def _packages(context: ResolveContext, kept_out: Filter | None) -> dict[str, tuple[str, ...]]:
    """The distribution packages of a service by family, its JVM's and what loads its packet filter among them."""
    packages, system, java = dict(context.component.packages), context.node.machine.system, context.chosen
    more: dict[str, tuple[str, ...]] = {}
    if context.javas and system is None:
        more = dict(openjdk.names())  # the node is asked which of them it has, before one is chosen
    elif system and java and java.package:
        more = {system.family: (java.package,)}
    tables = (packages, more, PACKAGES if kept_out else {})
    families = dict.fromkeys(family for table in tables for family in table)
    return {family: tuple(name for table in tables for name in table.get(family, ())) for family in families}


def _below(path: str, directories: Mapping[str, int]) -> bool:
    """Whether a path is below one of these directories."""
    return any(path.startswith(f"{directory}/") for directory in directories)
