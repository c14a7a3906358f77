"""Every connection that a cluster's firewalls must allow, from what should be. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.listening import clients_elsewhere, port_number, reached_at
from fatecloud.components.registry import components_by_owner
from fatecloud.model.component import Component, PortSpec
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.letter import Route
from fatecloud.model.node import Node
from fatecloud.model.service import Edge

CONTROLLER = "the controller"
SSH = "SSH of fatecloud: deploys, checks"


def routes(desired: Desired) -> tuple[Route, ...]:
    """All connections, each once: those of the controller, those between nodes, those with other parties."""
    found = [*_operating(desired), *_between(desired), *_over_edges(desired), *_from_peers(desired)]
    first: dict[tuple[str, str, int, str], Route] = {}
    for route in found:
        # Several services of a node may use one port of another node: that is one rule of a firewall.
        first.setdefault((route.source, route.target, route.port, route.target_address), route)
    return tuple(first.values())


def _operating(desired: Desired) -> Iterator[Route]:
    for node in desired.cluster.nodes.values():
        if node.connection == "local":
            continue
        if node.ssh.jump:
            host = _jump(node.ssh.jump)
            yield Route("operate", CONTROLLER, "", "jump host", host.host, host.port, SSH)
            yield Route("operate", "jump host", host.host, node.name, node.address, node.ssh.port, SSH)
        else:
            yield Route("operate", CONTROLLER, "", node.name, node.address, node.ssh.port, SSH)


def _jump(text: str) -> Endpoint:
    """`[user@]host[:port]`, with brackets around an IPv6 address."""
    host = text.rpartition("@")[2]
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and (name.endswith("]") or ":" not in name):
        return Endpoint(name.strip("[]"), int(port))
    return Endpoint(host.strip("[]"), 22)


def _between(desired: Desired) -> Iterator[Route]:
    """Ports with clients on other nodes of the inventory, as the components declare them."""
    cluster, components = desired.cluster, components_by_owner(desired.releases)
    for service in desired.services.values():
        owner, node = cluster.owners[service.id.owner], desired.node(service.id.node)
        component = components[owner.id][service.id.component]
        needers = _needers(desired, service)
        for spec in component.ports:
            if spec.loopback or spec.public or not spec.used:
                continue
            number = port_number(owner, component, spec, node)
            for name in clients_elsewhere(cluster.owners, owner, component, spec, node, needers):
                where = reached_at(cluster.owners, owner, component, spec, node, name, needers)
                yield _inside(desired.node(name), node, where, number, f"{component.name}: {spec.doc}")


def _needers(desired: Desired, service: DesiredService) -> set[str]:
    keys = {one.contribution.service for one in desired.given if one.giver == service.id.key}
    return {desired.services[key].id.node for key in keys if key in desired.services}


def _inside(source: Node, target: Node, address: str, port: int, purpose: str) -> Route:
    return Route("inside", source.name, source.advertise, target.name, address, port, purpose)


def _over_edges(desired: Desired) -> Iterator[Route]:
    """What services connect to themselves: neighbours on other nodes, other parties, services that others run."""
    for service in desired.services.values():
        source = desired.node(service.id.node)
        for edge in service.edges:
            if not edge.direct:
                continue
            target = desired.services.get(edge.target)
            purpose = f"{service.id.component}: {edge.kind} of {_title(desired, edge)}"
            if target is None:
                end = edge.endpoint
                yield Route("out", source.name, source.advertise, _title(desired, edge), end.host, end.port, purpose)
            elif target.id.node != service.id.node:
                there = desired.node(target.id.node)
                yield _inside(source, there, edge.endpoint.host, edge.endpoint.port, purpose)


def _title(desired: Desired, edge: Edge) -> str:
    kind, _, name = edge.target.partition(":")
    if edge.target in desired.services:
        return desired.cluster.owners[desired.services[edge.target].id.owner].title
    return f"party {name.partition('/')[0]}" if kind == "peer" else f"{name} of another team"


def _from_peers(desired: Desired) -> Iterator[Route]:
    """What parties of other organisations connect to."""
    cluster, components = desired.cluster, components_by_owner(desired.releases)
    for service in desired.services.values():
        component = components[service.id.owner][service.id.component]
        # Peers send to the exchange what is for a party that has one.
        relayed = {table.kind for table in service.routes if table.exchange}
        settings = cluster.owners[service.id.owner].settings(service.id.component, service.id.node)
        for spec in component.opened(settings):
            if not spec.public or spec.public in relayed:
                continue
            for peer in cluster.peers:
                if not cluster.compatibility.apart(service.id.owner, peer):
                    yield _entering(desired, service.id, component, spec, peer)


def _entering(desired: Desired, service: ServiceId, component: Component, spec: PortSpec, peer: str) -> Route:
    owner, node = desired.cluster.owners[service.owner], desired.node(service.node)
    number = port_number(owner, component, spec, node)
    seen = owner.public.get(spec.public)
    outside = Endpoint(node.advertise, number)
    as_seen = f"; they know it as {seen}" if seen and seen != outside else ""
    addresses = ", ".join(desired.cluster.peers[peer].addresses)
    purpose = f"{component.name}: {spec.doc}{as_seen}"
    return Route("in", f"party {peer}", addresses, node.name, node.advertise, number, purpose)
