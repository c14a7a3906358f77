"""The packet filter of a service: for ports that its unit opens to more than their callers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fatecloud.components.listening import clients_elsewhere
from fatecloud.components.networks import SELF, of_node
from fatecloud.model.component import PortSpec
from fatecloud.model.endpoint import is_address
from fatecloud.model.filter import PRIORITY, Filter, Network, Opening, collapsed
from fatecloud.model.identity import ServiceId
from fatecloud.model.layout import filter_part_of, filter_rules_of, filter_unit_of, unit_path_of
from fatecloud.model.node import Node
from fatecloud.model.service import Edge, FileSpec
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.context import ResolveContext


def filter_of(context: ResolveContext, wanted: Wanted, edges: Collection[Edge]) -> Filter | None:
    """The packet filter that a service gets; None where none can be loaded, or each port is closed by other means.

    A unit's list of networks is about all of its ports, in both directions. A port whose callers are fewer, and are all
    known as addresses, is closed to the others here.

    Args:
        wanted: the service's own answer.
        edges: of all services: who starts one that ends at a port calls it.
    """
    node = context.node
    if node.packet_filter == "none" or node.supervision != "systemd" or node.become != "root":
        return None
    openings = tuple(_openings(context, wanted, edges))
    return Filter(context.id.unit.removesuffix(".service"), openings) if openings else None


def _openings(context: ResolveContext, wanted: Wanted, edges: Collection[Edge]) -> Iterator[Opening]:
    settings = context.owner.settings(context.component.name, context.node.name)
    binds = {port.name: port.bind for port in wanted.ports}
    for spec in context.component.opened(settings):
        # Some software takes no address for a port, and listens on all of them.
        bind = binds.get(spec.name) or context.listen(spec.name).host
        if not spec.filtered or spec.public or _loopback(bind):
            continue
        callers = _callers(context, spec, wanted, edges)
        if callers is not None and _wider(wanted.process.networks, (*SELF, *of_node(context.node), *callers)):
            yield Opening(context.port(spec.name), collapsed(callers))


def _callers(
    context: ResolveContext, spec: PortSpec, wanted: Wanted, edges: Collection[Edge]
) -> tuple[str, ...] | None:
    """From which networks other nodes connect to a port; None where that is not known of each of them."""
    cluster, own = context.cluster, context.node
    names = set(clients_elsewhere(cluster.owners, context.owner, context.component, spec, own))
    names |= {
        ServiceId.parse(cluster.label, edge.source).node
        for edge in edges
        if edge.direct and edge.target == context.id.key and edge.endpoint.port == context.port(spec.name)
    }
    nodes = [cluster.nodes[name] for name in sorted(names - {own.name})]
    hosts = [*(host for node in nodes for host in (node.address, node.advertise)), *wanted.callers.get(spec.name, ())]
    if not all(map(is_address, hosts)):
        return None
    outside = map(ip_address, wanted.callers.get(spec.name, ()))
    single = (f"{address}/{address.max_prefixlen}" for address in outside)
    return (*(network for node in nodes for network in of_node(node)), *single)


def _wider(unit: Collection[str], callers: Collection[str]) -> bool:
    """Whether a unit exchanges packets with more than these networks; one without a list does with all."""
    known = [ip_network(one) for one in callers]
    return not unit or not all(any(_within(one, other) for other in known) for one in map(ip_network, unit))


def _within(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _loopback(address: str) -> bool:
    return is_address(address) and ip_address(address).is_loopback


def filter_specs(node: Node, service: ServiceId, title: str, home: str, wanted: Filter | None) -> tuple[FileSpec, ...]:
    """Its rules, the unit that loads them, and the part of the service's unit that wants that one first.

    Args:
        title: of the service, for people.
        home: directory of the service.
    """
    if wanted is None:
        return ()
    path, rules = unit_path_of(node, service), filter_rules_of(home)
    values = {
        "stamp": service.stamp,
        "description": title,
        "unit": service.unit,
        "filter": filter_unit_of(service.unit),
        "table": wanted.table,
        "priority": PRIORITY,
        "rules": rules,
        "openings": [{"port": one.port, "four": one.of(4), "six": one.of(6)} for one in wanted.openings],
    }
    # systemd and nftables take a change of each of them while the service runs.
    return (
        FileSpec(rules, "service/filter.nft.j2", values, restarts=False),
        FileSpec(filter_unit_of(path), "service/filter.service.j2", values, 0o644, restarts=False),
        FileSpec(filter_part_of(path), "service/filter.conf.j2", values, 0o644, restarts=False),
    )
