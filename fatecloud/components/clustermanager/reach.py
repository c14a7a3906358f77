"""At which address all of a party reach the same process of EggRoll."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what EggRoll does, whatever its settings say
"""Managers listen on all addresses, and so do eggs, on ports that the kernel chooses."""


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
    return common_endpoint(ctx, nodemanager, "grpc", ("clustermanager", "nodemanager", "flow", "osx", "rollsite"))
