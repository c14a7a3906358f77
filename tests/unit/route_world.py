"""Parties with a router and a flow each, an exchange between them, and what OSX does with their tables.

`go` is written from OSX 1.1.0's own code, on the documents that it reads, and knows nothing of `fatecloud.resolve`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from fatecloud.components.route_file import read_route_table
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.network import Network, Place
from fatecloud.model.routes import FLOW, RouteTable

PARTIES = ("1", "2", "3")
PEER = "9"
HUB = "hub"
NAMES = (*PARTIES, HUB)
Document = dict[str, Any]
Documents = Mapping[str, Document]


def router(name: str) -> str:
    return f"{name}/osx@n{name}"


def host(name: str) -> str:
    return {HUB: "10.0.0.100", PEER: "10.0.0.109"}.get(name, f"10.0.0.{name}")


def to(name: str, port: int = 9370, **more: Any) -> Document:
    """A target: a party's router, unless the port says otherwise."""
    return {"ip": host(name), "port": port, **more}


def own(name: str) -> Document:
    return {name: {FLOW: [to(name, 9360)]}}


def mesh() -> dict[str, Document]:
    """Each party reaches each other one itself, and the peer."""
    return {
        name: {
            "route_table": own(name) | {other: {"default": [to(other)]} for other in (*PARTIES, PEER) if other != name},
            "self_party": [name],
        }
        for name in PARTIES
    } | {HUB: {"route_table": {name: {"default": [to(name)]} for name in (*PARTIES, PEER)}, "self_party": [HUB]}}


def star() -> dict[str, Document]:
    """The parties know their exchange alone; it knows them all."""
    ways = {
        name: {"route_table": own(name) | {"default": {"default": [to(HUB)]}}, "self_party": [name]} for name in PARTIES
    }
    return {**ways, HUB: mesh()[HUB]}


def table(name: str, exchange: str = "") -> RouteTable:
    """What a router is, whatever it reads."""
    served = () if name == HUB else (name,)
    return RouteTable(router(name), "proxy", served, (), keeps=True, ports=("grpc",), exchange=exchange)


def network(documents: Documents, *, exchange: str = "", tls: tuple[str, ...] = ()) -> Network:
    """The routers with these documents.

    Args:
        documents: by party, or of the exchange.
        exchange: group that the parties are to send everything to.
        tls: those whose router speaks TLS alone.
    """
    tables = [
        read_route_table(json.dumps(document), table(name, exchange if name != HUB else ""), f"{name}.json")[0]
        for name, document in documents.items()
    ]
    places = [Place(f"peer:{PEER}", Endpoint(host(PEER), 9370), (PEER,), tls=None, kind="proxy")]
    for name in documents:
        parties = () if name == HUB else (name,)
        place = Endpoint(host(name), 9370)
        places.append(Place(router(name), place, parties, f"n{name}", "grpc", tls=name in tls, kind="proxy"))
        if name != HUB:
            flow, manager = Endpoint(host(name), 9360), Endpoint(host(name), 4670)
            places.append(Place(f"{name}/flow@n{name}", flow, parties, f"n{name}", "grpc", FLOW))
            places.append(Place(f"{name}/clustermanager@n{name}", manager, parties, f"n{name}", "grpc"))
    served = {router(name): () if name == HUB else (name,) for name in documents}
    return Network(tuple(tables), tuple(places), served, PARTIES, (PEER,))


def next_hop(document: Document, party: str, role: str, clock: int) -> tuple[str, Any]:
    """What OSX does with a packet: `kept`, `none`, or `to` with an address.

    `UnaryCallService` and `QueuePushReqStreamObserver` ask `DefaultFateRouterServiceImpl.route`; only the second one
    looks at the own parties first.
    """
    if role != FLOW and party in document["self_party"]:
        return "kept", None
    routes = document["route_table"]
    roles = routes[party] if party in routes else routes.get("default")
    if roles is None:
        return "none", None
    targets = roles[role] if role and roles.get(role) is not None else roles.get("default")
    if not targets:
        return "none", None
    chosen = targets[clock % len(targets)]
    return "to", (chosen["ip"], chosen["port"])


def go(documents: Documents, source: str, party: str, role: str, clock: int) -> tuple[list[str], str]:
    """The routers that a packet meets, and how it ends. The clock decides among several targets, as OSX's does."""
    routers = {(host(name), 9370): name for name in documents}
    path, at = [], source
    for _ in range(50):
        path.append(router(at))
        what, address = next_hop(documents[at], party, role, clock)
        if what == "kept":
            return path, "arrived" if at == party else "wrong party"
        if what == "none":
            return path, "no route"
        if address not in routers:
            return path, _end(address, party, role)
        at = routers[address]
    return path, "loop"


def _end(address: tuple[str, int], party: str, role: str) -> str:
    """What is at an address that is not a router's."""
    at, port = address
    if address == (host(PEER), 9370):
        return "handed over" if party == PEER else "wrong party"
    if port not in (9360, 4670):
        return "no place"
    if at != host(party):
        return "wrong party"
    return "arrived" if port == 9360 and role == FLOW else "wrong service"


ROLES = (FLOW, "default", "guest")
TARGETS = st.sampled_from(
    [*(to(name) for name in (*NAMES, PEER)), *(to(name, 9360) for name in PARTIES), to("1", 4670), to("2", 1)]
)
PARTS = st.dictionaries(st.sampled_from(ROLES), st.lists(TARGETS, max_size=2), max_size=3)
TABLES = st.dictionaries(st.sampled_from([*PARTIES, PEER, "default"]), PARTS, max_size=5)


def any_tables() -> st.SearchStrategy[dict[str, Document]]:
    """Documents for all routers, sensible or not."""
    one = st.builds(
        lambda routes, selves: {"route_table": routes, "self_party": selves},
        TABLES,
        st.lists(st.sampled_from([*PARTIES, HUB]), min_size=1, max_size=2, unique=True),
    )
    return st.fixed_dictionaries(dict.fromkeys(NAMES, one))
