"""What is wrong with the routes of a cluster: each problem once, at the entry that has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address

from fatecloud.model.endpoint import Endpoint, is_address
from fatecloud.model.network import Flaw, Network, Place
from fatecloud.model.remedy import Ask, Edit
from fatecloud.model.routes import DEFAULT, FLOW, RouteTable
from fatecloud.resolve.flaw import SELF, flaw_of
from fatecloud.resolve.way_flaws import on_ways


def flaws(network: Network) -> tuple[Flaw, ...]:
    """All of them, by router and entry. What a table itself shows comes before what only a packet meets."""
    found: dict[tuple[str, str], Flaw] = {}
    for flaw in (*_in_tables(network), *on_ways(network), *_from_outside(network)):
        first = found.setdefault(flaw.place, flaw)
        found[flaw.place] = replace(first, ways=tuple(dict.fromkeys((*first.ways, *flaw.ways))))
    return tuple(sorted(found.values(), key=lambda flaw: flaw.place))


def _in_tables(network: Network) -> Iterator[Flaw]:
    for table in network.tables:
        yield from _entries(network, table)
        if table.keeps:
            yield from _own(network, table, set(network.served[table.router]))


def _entries(network: Network, table: RouteTable) -> Iterator[Flaw]:
    kept = set(table.own) & set(network.served[table.router]) if table.keeps else set()
    for entry in table.entries:
        if not entry.targets:
            what = f"{entry.name} is there and leads nowhere, which hides the entry for all others"
            change = f"remove {entry.name}, or write an address"
            yield flaw_of(network, table, "ROUTE_SHADOWED", entry.name, what, change)
        elif entry.party in kept and entry.role != FLOW:
            what = f"{entry.name} is never used: the router itself takes what is for its own party {entry.party}"
            yield flaw_of(network, table, "ROUTE_SHADOWED", entry.name, what, f"remove {entry.name}")
    if table.exchange and DEFAULT not in table.roles_of(DEFAULT):
        name = f"{DEFAULT}.{DEFAULT}"
        what = f"what is for other parties goes to {table.exchange}, and the entry that says so is missing"
        change = f"add {name} with the address of {table.exchange}"
        yield flaw_of(network, table, "ROUTE_DEFAULT_MISSING", name, what, change)


def _own(network: Network, table: RouteTable, served: set[str]) -> Iterator[Flaw]:
    """Whether a router that keeps what is for its own parties takes others for its own."""
    foreign = ", ".join(sorted(set(table.own) & set(network.known) - served))
    if foreign:
        what = f"it takes data for party {foreign} as its own, and is not the router of that party"
        yield flaw_of(network, table, "ROUTE_WRONG_PARTY", SELF, what, f"remove {foreign} from the own parties")


def _from_outside(network: Network) -> Iterator[Flaw]:
    """Peers on the internet that are to come back to an address that only our own network knows."""
    for table in network.tables:
        for party in network.served[table.router]:
            ours = [p for p in network.places if p.kind == table.kind and _enters(p, table, party)]
            theirs = [p for p in network.places if p.kind == table.kind and p.peer and _is(p.endpoint, inside=False)]
            if ours and theirs and all(_is(place.endpoint, inside=True) for place in ours):
                yield _no_way_back(table, party, ours[0], theirs)


def _enters(place: Place, table: RouteTable, party: str) -> bool:
    """Whether others send there what is for a party: to its exchange, or to its router."""
    if table.exchange:
        return place.service.partition("/")[0] == table.exchange
    return party in place.parties


def _no_way_back(table: RouteTable, party: str, ours: Place, theirs: Iterable[Place]) -> Flaw:
    peers = ", ".join(place.parties[0] for place in theirs)
    what = f"party {peers} is on the internet, and its way back leads to the private address {ours.endpoint}"
    edit = Edit(f"parties.{party}.public.{table.kind}: the address at which party {peers} reaches this party")
    whom = Ask(f"party {peers}", f"to which address its routes for party {party} lead")
    return Flaw("ROUTE_ONE_WAY", table.router, f"{party}.{DEFAULT}", what, (edit, whom))


def _is(endpoint: Endpoint, *, inside: bool) -> bool:
    """Whether an endpoint is a private address, or else one of the internet; a name is neither."""
    if not is_address(endpoint.host):
        return False
    address = ip_address(endpoint.host)
    return address.is_private if inside else address.is_global
