"""Refuses addresses of parties that would leave a port open to all, or closed to someone who needs it."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.components.listening import clients_elsewhere
from fatecloud.components.networks import of_node, of_party
from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component


def refuse_unnamed(cluster: Cluster, components: Mapping[str, Mapping[str, Component]], reader: Reader) -> None:
    """Note each party whose addresses are missing although other parties' are named, or although a port needs them.

    Args:
        components: of each owner, by its id.
    """
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
    for owner in cluster.owners.values():
        for name in owner.placement:
            component = components[owner.id][name]
            guarded = [spec for spec in component.ports if spec.guarded]
            for node in (cluster.nodes[placed.node] for placed in owner.instances(name)):
                places = [clients_elsewhere(cluster.owners, owner, component, spec, node) for spec in guarded]
                clients = {client for names in places for client in names}
                unknown = sorted(client for client in clients if not of_node(cluster.nodes[client]))
                if unknown and not owner.addresses:
                    what = f"{owner.id}/{name}@{node.name} must know the address of {unknown[0]}, which has only a name"
                    reader.problems.add(reader.at(owner.path), what, "addresses: [IP address of that node]")
