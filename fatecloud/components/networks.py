"""From which addresses parties and nodes come, as far as the inventory names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from types import MappingProxyType

from fatecloud.model.cluster import Cluster
from fatecloud.model.context import Context
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
    """The networks from which the connections of the other parties come that one can run jobs with."""
    return of_each(cluster, cluster.others(party))


def of_each(cluster: Cluster, parties: Iterable[str]) -> tuple[str, ...]:
    """The networks from which the connections of some parties and peers come."""
    names = sorted(parties)
    managed = [of_party(cluster.parties[name], cluster) for name in names if name in cluster.parties]
    peers = [cluster.peers[name].addresses for name in names if name in cluster.peers]
    return tuple(dict.fromkeys(network for networks in (*managed, *peers) for network in networks))


def of_party(party: Owner, cluster: Cluster) -> tuple[str, ...]:
    """The networks from which a managed party's or group's connections come: as written, else its nodes' addresses."""
    return party.addresses or tuple(
        dict.fromkeys(address for name in party.nodes for address in of_node(cluster.nodes[name]))
    )


def networks_with_partners(
    ctx: Context, kind: str, neighbours: Iterable[str], through: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """The networks that a service for other parties exchanges packets with; empty if not all of them are named.

    For software that has no list of its own for this. It needs both: where the others are reached, and where their
    connections come from.

    Args:
        ctx: of the service.
        kind: of the endpoints at which the others are reached.
        neighbours: components of its own party that it exchanges packets with.
        through: other party -> the group through whose service both reach each other; without those that it reaches
            itself.
    """
    hubs = [ctx.cluster.owners[name] for name in dict.fromkeys(through.values())]
    direct = [other for other in ctx.others() if other not in through]
    ends = [*(hub.public[kind].host for hub in hubs), *(ctx.peer_endpoint(other, kind).host for other in direct)]
    nodes = [ctx.node, *(ctx.cluster.nodes[one.node] for name in neighbours for one in ctx.services(name))]
    ours = [of_node(node) for node in nodes]
    known = all(map(is_address, ends)) and (all(ours) or ctx.owner.addresses)
    if ctx.node.supervision != "systemd" or not are_named(ctx.cluster) or not ends or not known:
        return ()
    theirs = [f"{address}/{address.max_prefixlen}" for address in map(ip_address, ends)]
    own = [network for networks in ours for network in networks]
    come = [*(network for hub in hubs for network in of_party(hub, ctx.cluster)), *of_each(ctx.cluster, direct)]
    return tuple(dict.fromkeys((*SELF, *own, *ctx.owner.addresses, *come, *theirs)))


def networks_of_party(ctx: Context, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The networks of a service that is for its own party alone: its party's nodes; empty where they are not known.

    EggRoll asks no one for a password, and flow only where its settings say so: who reaches a manager starts programs
    as its user. The unit of such a service therefore drops the packets of all others, those to its eggs or tasks as
    well. That takes systemd, and an address of each node.

    Args:
        ctx: of the service.
        more: components of groups that it exchanges packets with, besides the database.
    """
    givers = (service.node for name in ("mysql", *more) for service in ctx.services(name))
    nodes = [ctx.cluster.nodes[name] for name in sorted({ctx.node.name, *ctx.owner.nodes, *givers})]
    known = all(is_address(host) for node in nodes for host in (node.address, node.advertise))
    if ctx.node.supervision != "systemd" or not known or ctx.external("mysql") is not None:
        return ()
    return tuple(dict.fromkeys((*SELF, *(network for node in nodes for network in of_node(node)))))


def of_node(node: Node) -> tuple[str, ...]:
    """The addresses of a node that the inventory writes as such."""
    hosts = [host for host in (node.address, node.advertise, node.bind) if host and is_address(host)]
    addresses = [address for address in map(ip_address, hosts) if not address.is_unspecified]
    return tuple(dict.fromkeys(f"{address}/{address.max_prefixlen}" for address in addresses))
