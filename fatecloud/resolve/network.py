"""The routers of a cluster, and every address that their entries may lead to, from what should be. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fatecloud.components.registry import components_by_owner
from fatecloud.model.component import Component
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.network import LOOPBACKS, Network, Place
from fatecloud.model.owner import users_of
from fatecloud.model.routes import RouteTable

ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with


def network_of(desired: Desired) -> Network:
    """The tables as a deploy writes them, with what lies around them."""
    cluster, components = desired.cluster, components_by_owner(desired.releases)
    services = desired.services.values()
    kinds = {table.kind for service in services for table in service.routes}
    places = [place for service in services for place in _places(desired, service, components[service.id.owner])]
    # A peer's own routers and services are not known: what is sent to one of its endpoints is in its hands.
    places += [
        Place(f"peer:{peer.id}", endpoint, (peer.id,), tls=None, kind=kind)
        for peer in cluster.peers.values()
        for kind, endpoint in peer.endpoints.items()
        if kind in kinds
    ]
    return Network(
        tables=tuple(table for service in services for table in service.routes),
        places=tuple(places),
        served={s.id.key: _parties(desired, s) for s in services if s.routes},
        parties=tuple(cluster.parties),
        peers=tuple(cluster.peers),
        compatibility=cluster.compatibility,
    )


def with_tables(network: Network, other: Mapping[str, RouteTable]) -> Network:
    """The same network with other tables in some routers."""
    return replace(network, tables=tuple(other.get(table.router, table) for table in network.tables))


def _parties(desired: Desired, service: DesiredService) -> tuple[str, ...]:
    """Who uses a service: its party, or the parties that take it from its group."""
    owners = desired.cluster.owners
    users = users_of(owners, owners[service.id.owner], service.id.component)
    return tuple(user.id for user in users if user.kind == "party")


def _places(desired: Desired, service: DesiredService, components: Mapping[str, Component]) -> Iterator[Place]:
    owner, node = desired.cluster.owners[service.id.owner], desired.node(service.id.node)
    settings = owner.settings(service.id.component, service.id.node)
    public = {port.name: port.public for port in components[service.id.component].opened(settings)}
    encrypted = {name for table in service.routes for name in table.tls}
    parties = _parties(desired, service)
    for port in service.ports:
        hosts = {port.bind} - ANY
        if port.bind not in LOOPBACKS:
            hosts |= {host for host in (node.advertise, node.address, node.bind) if host} - ANY
        if port.bind in ANY | LOOPBACKS:
            hosts |= LOOPBACKS
        ends = {Endpoint(host, port.number) for host in hosts}
        outside = owner.public.get(public.get(port.name, ""))
        # Sorted, so that the same inventory gives the same answer.
        for end in sorted(ends | ({outside} if outside else set()), key=str):
            role, kind = service.takes.get(port.name, ""), public.get(port.name, "") if end == outside else ""
            yield Place(service.id.key, end, parties, node.name, port.name, role, port.name in encrypted, kind)
