"""All routers of a cluster, what is around them, the way of a packet through them, and what is wrong. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fatecloud.model.compatibility import Compatibility
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.remedy import Remedy
from fatecloud.model.routes import DEFAULT, FLOW, Reason, RouteTable, Target

LOOPBACKS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Place:
    """An address at which something takes packets."""

    service: str
    """Key of a service, or `peer:10000`."""
    endpoint: Endpoint
    parties: tuple[str, ...]
    """Whose it is; empty for an exchange."""
    node: str = ""
    """Where it is; empty for a peer."""
    port: str = ""
    """Name of the service's port."""
    role: str = ""
    """Of the packets that end there; empty where none should."""
    tls: bool | None = False
    """Whether it speaks TLS alone; None where that is not known."""
    kind: str = ""
    """Kind of public endpoint that it is; empty where other parties do not use it."""

    @property
    def peer(self) -> bool:
        """Whether others manage it."""
        return self.service.startswith("peer:")

    def is_at(self, endpoint: Endpoint, node: str) -> bool:
        """Whether an endpoint leads here from a node. Each node has a loopback of its own."""
        return endpoint == self.endpoint and (endpoint.host not in LOOPBACKS or node == self.node)


@dataclass(frozen=True, slots=True)
class Network:
    """All routers of a cluster, and where their entries may lead."""

    tables: tuple[RouteTable, ...]
    places: tuple[Place, ...]
    served: Mapping[str, tuple[str, ...]]
    """Key of a router -> the parties whose router it is by the inventory, whatever its table says."""
    parties: tuple[str, ...]
    """Ids of the managed ones."""
    peers: tuple[str, ...] = ()
    compatibility: Compatibility = field(default_factory=Compatibility)
    """No router has a way between parties that cannot run a job together."""

    @property
    def known(self) -> tuple[str, ...]:
        """Ids of all parties."""
        return self.parties + self.peers

    def start_of(self, party: str, role: str) -> RouteTable | None:
        """The table with which a packet of a party begins its way; None where no router of the party carries it."""
        own = [table for table in self.tables if party in self.served[table.router]]
        named = [table for table in own if role in table.roles]
        return next(iter(named or [table for table in own if DEFAULT in table.roles]), None)

    def at(self, target: Target, source: RouteTable) -> tuple[Place, ...]:
        """What an entry's target leads to. What is managed here comes first, as its addresses are known best."""
        node = source.router.rpartition("@")[2]
        return tuple(sorted((p for p in self.places if p.is_at(target.endpoint, node)), key=lambda place: place.peer))

    def behind(self, place: Place) -> RouteTable | None:
        """The table by which packets go on that come in at a place; None if it is not a router's."""
        return next(
            (t for t in self.tables if t.router == place.service and place.port in (*t.ports, *t.inbound)), None
        )


End = Literal[
    "arrived", "handed over", "no route", "loop", "refused", "wrong party", "wrong service", "no place", "encryption"
]
"""How a way ends: at the service that takes it, or at a router that others manage; the rest are faults."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What one router does with a packet."""

    router: str
    reason: Reason | None
    """None where it knows no way on, or refuses the packet."""
    entry: str = ""
    """`10000.default`; empty if it followed no entry."""
    target: Target | None = None
    """Where it sends the packet; None where the packet goes no further."""


@dataclass(frozen=True, slots=True)
class Way:
    """All that happens to a packet."""

    party: str
    role: str
    hops: tuple[Hop, ...]
    end: End
    at: str
    """Key of the service, or `peer:10000`, where it ends; an endpoint where nothing is known there."""
    why: str
    """A sentence about the end."""

    @property
    def arrives(self) -> bool:
        """Whether it ends where it should, as far as one can see from here."""
        return self.end in ("arrived", "handed over")


FLAWS: Mapping[str, str] = {
    "ROUTE_DEFAULT_MISSING": "a table lacks the entry for all other parties or roles, which it needs",
    "ROUTE_LOOP": "a packet comes back to a router where it was before",
    "ROUTE_MISSING": "a router knows no way to a party",
    "ROUTE_ONE_WAY": "a party can be reached, but it has no route back",
    "ROUTE_OWN_OUTSIDE": "what is for an own party leaves its router, or is not taken there",
    "ROUTE_PLAINTEXT": "an entry has no TLS where it was meant, or has it where none is spoken",
    "ROUTE_ROLE_MISSING": "a party's router has no entry for its own service of a role",
    "ROUTE_SHADOWED": "an entry is never used, because another one hides it",
    "ROUTE_WRONG_PARTY": "a packet ends at another party, at a wrong service or at an unknown address",
}
"""Code -> what it stands for, in one sentence without an end."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One problem of the routes."""

    code: str
    router: str
    """Key of the router whose table has it."""
    entry: str
    """The one that is wrong, or that is missing: `10000.default`; `self` for the list of own parties."""
    what: str
    """A sentence."""
    remedy: tuple[Remedy, ...] = ()
    ways: tuple[str, ...] = ()
    """Which packets it hits: `9999 -> 10000 (fateflow)`."""

    @property
    def place(self) -> tuple[str, str]:
        """Router and entry: one entry has one flaw."""
        return self.router, self.entry


def role_of(role: str) -> str:
    """A role as the services at the end know it: requests between flows, or data of tasks."""
    return role if role == FLOW else DEFAULT
