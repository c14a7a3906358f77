"""Refuses addresses of parties that would leave a port open to all, or closed to someone who needs it."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.components.listening import clients_elsewhere
from fatecloud.components.networks import of_node, of_party
from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component


def refuse_unnamed(cluster: Cluster, components: Mapping[str, Component], reader: Reader) -> None:
    """Note each party whose addresses are missing although other parties' are named, or although a port needs them."""
    written = [party.id for party in cluster.parties.values() if party.addresses]
    written += [peer.id for peer in cluster.peers.values() if peer.addresses]
    if written:
        for peer in cluster.peers.values():
            if not peer.addresses and f"peers.{peer.id}.addresses" not in reader.places:
                what = f"peer {peer.id} has no addresses, and those of {written[0]} are named: others would be let in"
                reader.problems.add(reader.at(f"peers.{peer.id}"), what, "addresses: [NETWORK, ...] of each peer")
        for party in cluster.parties.values():
            if party.placement and not of_party(party, cluster) and len(cluster.parties) > 1:
                what = f"party {party.id} has no addresses, and its nodes are known by name only"
                reader.problems.add(reader.at(f"parties.{party.id}"), what, "addresses: [NETWORK, ...]")
    for party in cluster.parties.values():
        for name, where in party.placement.items():
            guarded = [spec for spec in components[name].ports if spec.guarded]
            places = where if guarded and isinstance(where, tuple) else ()
            for node in (cluster.nodes[place] for place in places if place in cluster.nodes):
                clients = {client for spec in guarded for client in clients_elsewhere(party, spec, node)}
                unknown = sorted(client for client in clients if not of_node(cluster.nodes[client]))
                if unknown and not party.addresses:
                    what = f"{party.id}/{name}@{node.name} must know the address of {unknown[0]}, which has only a name"
                    reader.problems.add(reader.at(f"parties.{party.id}"), what, "addresses: [IP address of that node]")
