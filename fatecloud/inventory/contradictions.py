"""Refuses settings of a component that contradict each other, its node or its party."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fatecloud.components.listening import clients_elsewhere
from fatecloud.inventory.endpoints import is_loopback
from fatecloud.inventory.kinds import Reader
from fatecloud.inventory.problems import one_of
from fatecloud.model.cluster import Cluster, Node, Party, Peer
from fatecloud.model.component import Component, Contradiction
from fatecloud.model.release import Release
from fatecloud.resolve.contributions import gather
from fatecloud.resolve.placed import contexts_of


def refuse_contradictions(
    parties: Mapping[str, Party],
    peers: Mapping[str, Peer],
    nodes: Mapping[str, Node],
    architecture: str,
    components: Mapping[str, Component],
    reader: Reader,
) -> None:
    """Note each component's objections to its settings, at the setting itself or at the placement of the service."""
    for party, name, node in _services(parties, nodes):
        for found in components[name].judge(party.config[name], node, architecture):
            _note(reader, party.id, name, found, f"{party.id}/{name}@{node.name}: {found.what}")
    for name, component in components.items():
        for at, found in component.judge_parties(parties, peers, architecture):
            _note(reader, at, name, found, found.what)


def _note(reader: Reader, party: str, component: str, found: Contradiction, what: str) -> None:
    written = reader.places.get(f"parties.{party}.config.{component}.{found.key}")
    mark = written or reader.at(f"parties.{party}.services.{component}")
    reader.problems.add(mark, what, found.expected)


def refuse_unreachable(
    parties: Mapping[str, Party], nodes: Mapping[str, Node], components: Mapping[str, Component], reader: Reader
) -> None:
    """Note services that other nodes of their party use, and that listen on loopback or on no known address."""
    for party, name, node in _services(parties, nodes):
        private = [spec for spec in components[name].ports if not spec.public and not spec.loopback]
        if not any(clients_elsewhere(party, spec, node) for spec in private):
            continue
        service, key = f"{party.id}/{name}@{node.name}", f"parties.{party.id}.config.{name}.bind"
        chosen = party.config[name].get("bind")
        if chosen and is_loopback(str(chosen)):
            what = f"{service} listens on {chosen}, and services on other nodes of the party use it"
            reader.problems.add(reader.at(key), what, f"an address of {node.name} that they can reach")
        elif not chosen and not node.inside:
            what = f"{service} is used from other nodes, and of {node.name} only a name is known, no address"
            expected = f"bind: its IP address in nodes.{node.name} (0.0.0.0: all of its addresses)"
            reader.problems.add(reader.at(f"nodes.{node.name}.address"), what, expected)


def refuse_unmet(cluster: Cluster, release: Release, components: Mapping[str, Component], reader: Reader) -> None:
    """Note what a service needs inside another one that no one gives, or that two want under one name.

    Args:
        cluster: without any other problem.
    """
    _, unmet = gather(contexts_of(cluster, release, components).values(), components)
    for one in unmet:
        owner, _, rest = one.contribution.service.partition("/")
        mark = reader.at(f"parties.{owner}.services.{rest.partition('@')[0]}")
        reader.problems.add(mark, one.why, one.expected or one_of(one.words), one.word, one.words)


def _services(parties: Mapping[str, Party], nodes: Mapping[str, Node]) -> Iterator[tuple[Party, str, Node]]:
    """Every managed service: its party, its component and its node."""
    for party in parties.values():
        for name, where in party.placement.items():
            for place in where if isinstance(where, tuple) else ():
                if place in nodes:
                    yield party, name, nodes[place]
