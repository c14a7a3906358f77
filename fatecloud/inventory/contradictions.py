"""Refuses settings of a component that contradict each other, its node or its owner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from fatecloud.components.listening import clients_elsewhere
from fatecloud.inventory.endpoints import is_loopback
from fatecloud.inventory.kinds import Reader
from fatecloud.inventory.problems import Mark, one_of
from fatecloud.model.cluster import Cluster, Peer
from fatecloud.model.component import Component, Contradiction
from fatecloud.model.contribution import Given
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.release import Release
from fatecloud.resolve.contributions import gather
from fatecloud.resolve.placed import contexts_of

Components = Mapping[str, Mapping[str, Component]]
"""Of each owner, by its id."""


def refuse_contradictions(cluster: Cluster, components: Components, reader: Reader) -> None:
    """Note each component's objections to its settings, at the setting itself or at the placement of the service."""
    parties = cluster.parties
    for owner, name, node in _services(cluster.owners, cluster.nodes):
        for found in components[owner.id][name].judge(owner.settings(name, node.name), node, owner.architecture):
            own = reader.places.get(f"{owner.path}.services.{name}.{node.name}.config.{found.key}")
            _note(reader, owner, name, found, f"{owner.id}/{name}@{node.name}: {found.what}", own)
    generations = {(name, found.kind): found for party in parties for name, found in components[party].items()}
    # A party has all components of its release; a group has those that it names.
    of_groups = [(name, components[group][name]) for group, owner in cluster.groups.items() for name in owner.placement]
    generations |= {(name, found.kind): found for name, found in of_groups}
    for (name, kind), component in generations.items():
        # Only a generation knows its own settings, and no other one talks to it.
        alike = {
            party: owner
            for party, owner in parties.items()
            if (one := components[party].get(name)) is not None and one.kind == kind
        }
        for at, found in component.judge_parties(alike, _partners(cluster, alike), cluster.groups):
            _note(reader, cluster.owners[at], name, found, found.what)


def _partners(cluster: Cluster, parties: Collection[str]) -> dict[str, Peer]:
    """The peers that one of these parties can run jobs with; all of them where there are groups alone."""
    if not parties:
        return dict(cluster.peers)
    apart, versions = cluster.compatibility.apart, cluster.compatibility.versions
    # One party of each version is enough: an inventory may have thousands of parties.
    ours = {versions.get(party): party for party in parties}.values()
    return {name: peer for name, peer in cluster.peers.items() if not all(apart(party, name) for party in ours)}


def _note(
    reader: Reader, owner: Owner, component: str, found: Contradiction, what: str, mark: Mark | None = None
) -> None:
    mark = mark or reader.places.get(f"{owner.path}.config.{component}.{found.key}")
    reader.problems.add(mark or reader.at(f"{owner.path}.services.{component}"), what, found.expected)


def refuse_unreachable(
    owners: Mapping[str, Owner],
    nodes: Mapping[str, Node],
    components: Components,
    reader: Reader,
    given: Iterable[Given] = (),
) -> None:
    """Note services that are used from other nodes, and that listen on loopback or on no known address.

    Args:
        given: what services need inside others, where that is known.
    """
    needers: dict[str, set[str]] = {}
    for one in given:
        needers.setdefault(one.giver, set()).add(one.contribution.service.rpartition("@")[2])
    for owner, name, node in _services(owners, nodes):
        component = components[owner.id][name]
        private = [spec for spec in component.ports if not spec.public and not spec.loopback]
        service, chosen = f"{owner.id}/{name}@{node.name}", owner.settings(name, node.name).get("bind")
        clients = needers.get(service, ())
        if not any(clients_elsewhere(owners, owner, component, spec, node, clients) for spec in private):
            continue
        if chosen and is_loopback(str(chosen)):
            own, shared = f"{owner.path}.services.{name}.{node.name}.config.bind", f"{owner.path}.config.{name}.bind"
            mark = reader.places.get(own) or reader.at(shared)
            what = f"{service} listens on {chosen}, and services on other nodes use it"
            reader.problems.add(mark, what, f"an address of {node.name} that they can reach")
        elif not chosen and not node.inside:
            what = f"{service} is used from other nodes, and of {node.name} only a name is known, no address"
            expected = f"bind: its IP address in nodes.{node.name} (0.0.0.0: all of its addresses)"
            reader.problems.add(reader.at(f"nodes.{node.name}.address"), what, expected)


def refuse_unmet(cluster: Cluster, releases: Mapping[str, Release], components: Components, reader: Reader) -> None:
    """Note what a service needs inside another one that no one gives, that two want, or that it cannot reach.

    Args:
        cluster: without any other problem.
    """
    given, unmet = gather(contexts_of(cluster, releases, components).values(), components)
    for one in unmet:
        owner, _, rest = one.contribution.service.partition("/")
        mark = reader.at(f"{cluster.owners[owner].path}.services.{rest.partition('@')[0]}")
        reader.problems.add(mark, one.why, one.expected or one_of(one.words), one.word, one.words)
    refuse_unreachable(cluster.owners, cluster.nodes, components, reader, given)


def _services(owners: Mapping[str, Owner], nodes: Mapping[str, Node]) -> Iterator[tuple[Owner, str, Node]]:
    """Every managed service: its owner, its component and its node."""
    for owner in owners.values():
        for name in owner.placement:
            for placed in owner.instances(name):
                yield owner, name, nodes[placed.node]
