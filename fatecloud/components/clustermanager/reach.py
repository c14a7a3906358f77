"""Who may reach EggRoll's processes, and at which address all of a party reach the same one."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.components.networks import SELF, of_node
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint, is_address
from fatecloud.model.identity import ServiceId

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what EggRoll does, whatever its settings say
"""Managers listen on all addresses, and so do eggs, on ports that the kernel chooses."""


def networks_of_party(ctx: Context) -> tuple[str, ...]:
    """The networks that an EggRoll process exchanges packets with: its party's nodes; empty where they are not known.

    EggRoll asks no one for a password: who reaches a manager starts programs as its user. Its unit therefore drops the
    packets of all others, those to its eggs as well. That takes systemd, and an address of each node.
    """
    nodes = [ctx.cluster.nodes[name] for name in sorted({ctx.node.name, *ctx.owner.nodes, *_givers(ctx)})]
    known = all(is_address(host) for node in nodes for host in (node.address, node.advertise))
    if ctx.node.supervision != "systemd" or not known or ctx.external("mysql") is not None:
        return ()
    return tuple(dict.fromkeys((*SELF, *(network for node in nodes for network in of_node(node)))))


def _givers(ctx: Context) -> Iterable[str]:
    """Names of the nodes with a database that the party takes from a group."""
    return (service.node for service in ctx.services("mysql"))


def common_endpoint(ctx: Context, service: ServiceId, port: str, users: Iterable[str]) -> Endpoint:
    """Where services on several nodes reach a port, by one address: EggRoll and FATE-Flow hand addresses on.

    Args:
        ctx: of the one that hands it on.
        service: at the end of the connection.
        port: of it.
        users: components of the party that get the address.
    """
    names = {user.node for component in users for user in ctx.services(component)}
    here = ctx.reached(service, port)
    if names <= {service.node}:
        return here
    return Endpoint(ctx.cluster.nodes[service.node].advertise, here.port)


def registered_at(ctx: Context, nodemanager: ServiceId) -> Endpoint:
    """The address under which a nodemanager is on the list: jobs and the proxy get it for the eggs on its node."""
    return common_endpoint(ctx, nodemanager, "grpc", ("clustermanager", "nodemanager", "flow", "osx"))
