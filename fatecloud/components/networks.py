"""From which addresses parties and nodes come, as far as the inventory names them."""

from __future__ import annotations

from ipaddress import ip_address

from fatecloud.model.cluster import Cluster
from fatecloud.model.endpoint import is_address
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner

SELF = ("127.0.0.0/8", "::1/128")


def are_named(cluster: Cluster) -> bool:
    """Whether the inventory names the addresses of other parties, so that a port for them can refuse all others.

    It does once any party or peer has `addresses`: then it must name those of each peer (`inventory/admission.py`).
    """
    return any(p.addresses for p in cluster.parties.values()) or any(p.addresses for p in cluster.peers.values())


def of_others(cluster: Cluster, party: str) -> tuple[str, ...]:
    """The networks from which the connections of all other parties come."""
    managed = [of_party(other, cluster) for name, other in sorted(cluster.parties.items()) if name != party]
    peers = [peer.addresses for name, peer in sorted(cluster.peers.items()) if name != party]
    return tuple(dict.fromkeys(network for networks in (*managed, *peers) for network in networks))


def of_party(party: Owner, cluster: Cluster) -> tuple[str, ...]:
    """The networks from which a managed party's connections come: as written, else the addresses of its nodes."""
    return party.addresses or tuple(
        dict.fromkeys(address for name in party.nodes for address in of_node(cluster.nodes[name]))
    )


def of_node(node: Node) -> tuple[str, ...]:
    """The addresses of a node that the inventory writes as such."""
    hosts = [host for host in (node.address, node.advertise, node.bind) if host and is_address(host)]
    addresses = [address for address in map(ip_address, hosts) if not address.is_unspecified]
    return tuple(dict.fromkeys(f"{address}/{address.max_prefixlen}" for address in addresses))
