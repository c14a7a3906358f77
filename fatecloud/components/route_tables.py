"""Makes the table of a router from the inventory, and writes it as OSX and EggRoll's rollsite read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.owner import giver_of
from fatecloud.model.routes import DEFAULT, Entry, RouteTable, Target, Tls


def table_of(
    ctx: Context,
    kind: str,
    own: Mapping[str, Mapping[str, Endpoint]],
    *,
    exchange: str = "",
    through: Mapping[str, str] = MappingProxyType({}),
    trust: Mapping[str, Tls] = MappingProxyType({}),
    **more: Any,
) -> RouteTable:
    """The table of a router: its own parties' services, then all other parties.

    Args:
        ctx: of the router.
        kind: of the public endpoints at which the others are reached.
        own: party -> role -> where the router reaches the service that takes it; empty for an exchange.
        exchange: group to whose router everything goes that is not for an own party; empty for an entry for each.
        through: party -> group to whose router goes what is for it; without those that are reached directly.
        trust: party, or `default` for the exchange -> with what its router is reached; plaintext where it is missing.
        more: of the table: roles, keeps, ports, ...
    """
    here = (Entry(p, role, (Target(where),)) for p, roles in own.items() for role, where in roles.items())
    ways = _ways(ctx, kind, own, exchange, through)
    there = (Entry(party, DEFAULT, (Target(where, trust.get(party)),)) for party, where in ways)
    return RouteTable(ctx.id.key, kind, tuple(own), (*here, *there), exchange=exchange, **more)


def _ways(
    ctx: Context, kind: str, own: Mapping[str, object], exchange: str, through: Mapping[str, str]
) -> Iterator[tuple[str, Endpoint]]:
    if exchange:
        yield DEFAULT, ctx.cluster.owners[exchange].public[kind]
        return
    for party in ctx.others():
        if party not in own:
            group = through.get(party)
            yield party, ctx.cluster.owners[group].public[kind] if group else _public(ctx, party, kind)


def _public(ctx: Context, party: str, kind: str) -> Endpoint:
    """Where a party is reached, also one whose router is a group's."""
    managed = ctx.cluster.parties.get(party)
    giver = giver_of(ctx.cluster.owners, managed, ctx.id.component) if managed else None
    return giver.public[kind] if giver and kind in giver.public else ctx.peer_endpoint(party, kind)


def route_table_json(table: RouteTable, form: Callable[[Target], dict[str, Any]] | None = None) -> dict[str, Any]:
    """The content of `route_table.json`, to be written as it is: see `model/routes.py` for an example.

    Args:
        form: how a target is written; as OSX reads it, unless given.
    """
    write = form or _of_osx
    parties: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in table.entries:
        parties.setdefault(entry.party, {})[entry.role] = [write(target) for target in entry.targets]
    # Without any party of its own a router fails at each packet, so an exchange has its group's name, which no party
    # can have.
    own = list(table.own) or [table.router.partition("/")[0]]
    return {"route_table": parties, "self_party": own}


def _of_osx(target: Target) -> dict[str, Any]:
    where = {"ip": target.endpoint.host, "port": target.endpoint.port}
    if target.tls is None:
        return where
    files = {"caFile": target.tls.ca, "certChainFile": target.tls.certificate, "privateKeyFile": target.tls.key}
    return {**where, "useSSL": True, **{name: path for name, path in files.items() if path}}
