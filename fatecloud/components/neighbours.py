"""What several components need to know about the services around them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.service import Edge


def edges_to(
    ctx: Context,
    component: str,
    port: str,
    kind: str,
    *,
    probe: str,
    hard: bool = True,
    choose: Literal["all", "first", "same-node-first"] = "all",
) -> tuple[Edge, ...]:
    """The edges to the services of a component that the owner uses, managed or external; empty if it uses none.

    A service has no edge to itself, so one to its own component leads to the other instances.

    Args:
        ctx: of the service where the edges start.
        component: at the other end.
        port: of it.
        kind: of the edges.
        probe: that asks over them.
        hard: see `Edge`.
        choose: to which instances: `first` in the order of nodes' names, `same-node-first` for the one on this node,
            else the first. An external service is one instance.
    """
    external = ctx.external(component)
    if external is not None:
        return (Edge(ctx.id.key, f"external:{component}", kind, external.endpoint, hard, probe=probe),)
    found = tuple(service for service in ctx.services(component) if service != ctx.id)
    if choose == "same-node-first":
        found = tuple(sorted(found, key=lambda service: service.node != ctx.id.node))
    return tuple(
        Edge(ctx.id.key, service.key, kind, ctx.reached(service, port), hard, probe=probe)
        for service in (found if choose == "all" else found[:1])
    )


def edges_to_others(
    ctx: Context,
    component: str,
    endpoint: str,
    *,
    probe: str,
    kind: str = "",
    managed_only: bool = False,
    direct: bool = True,
    through: Mapping[str, tuple[str, Endpoint]] = MappingProxyType({}),
) -> tuple[Edge, ...]:
    """One soft edge per other party: to its service if it is managed here, else to the peer.

    Args:
        ctx: of the service where the edges start.
        component: at the other end.
        endpoint: kind of public endpoint that leads there.
        probe: that asks over them.
        kind: of the edges; the endpoint's unless given.
        managed_only: leave peers out.
        direct: whether the service itself connects to the endpoint, see `Edge`.
        through: party -> key and endpoint of the exchange to which it connects in that party's place.
    """
    targets = {other: _service_of(ctx, other, component) for other in ctx.others()}
    found = []
    for other, target in targets.items():
        if managed_only and target.startswith("peer:"):
            continue
        exchange, where = through.get(other) or ("", ctx.peer_endpoint(other, endpoint))
        straight = direct and not exchange
        edge = Edge(
            ctx.id.key, target, kind or endpoint, where, hard=False, direct=straight, through=exchange, probe=probe
        )
        found.append(edge)
    return tuple(found)


def routes(ctx: Context, kind: str) -> dict[str, Endpoint]:
    """Where each other party is reached."""
    return {other: ctx.peer_endpoint(other, kind) for other in ctx.others()}


def _service_of(ctx: Context, other: str, component: str) -> str:
    party = ctx.cluster.parties.get(other)
    placed = party.instances(component) if party else ()
    if not placed:
        return f"peer:{other}"
    return ServiceId(ctx.cluster.label, other, component, placed[0].node).key
