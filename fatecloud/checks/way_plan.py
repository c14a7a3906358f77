"""Which ways lead from one party to another, and which probe asks over each hop. Pure, and knows no component.

A router is where edges to other parties begin. The edges say everything: who sends to the router, where it sends on,
through which exchange, and what takes packets behind the router of the other party.
"""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.party_routes import party_of
from fatecloud.errors import NoMatch
from fatecloud.model.desired import Desired
from fatecloud.model.routes import FLOW
from fatecloud.model.service import Edge
from fatecloud.model.tried import Leg, Path, Witness

_BEHIND = "upstream"
"""Kind of the edge from a router to what takes packets for its own party."""
_SIGNED = "site"
"""Kind of the edges over which requests are tried that the other party has to know the sender of."""


def paths_between(desired: Desired, source: str | None, party: str | None) -> tuple[Path, ...]:
    """The ways there and back of each pair of parties, of which at least one is managed here.

    Args:
        source: the party where the first of them begins; all that are managed here if it is None.
        party: the other one; all of them if it is None.

    Raises:
        NoMatch: a party is not known, or not managed here, or no job can run between these two.
    """
    managed, peers = tuple(desired.cluster.parties), tuple(desired.cluster.peers)
    for word, name, known in (("--from", source, managed), ("--to", party, (*managed, *peers))):
        if name is not None and name not in known:
            raise NoMatch(f"party {name} is not {_KNOWN[word]}", remedy=f"{word} is one of: {', '.join(known)}")
    if source and party and (why := desired.cluster.compatibility.apart(source, party)):
        raise NoMatch(f"there is no route between parties {source} and {party}: {why}")
    pairs: list[tuple[str, str]] = []
    for one in (source,) if source else managed:
        others = (party,) if party else (*managed, *peers)
        pairs += [(one, other) for other in others if other != one and (other, one) not in pairs]
    return tuple(path for one, other in pairs for path in (*_paths(desired, one, other), *_paths(desired, other, one)))


_KNOWN = {"--from": "managed here", "--to": "known here"}


def _paths(desired: Desired, source: str, party: str) -> Iterator[Path]:
    here = source if source in desired.cluster.parties else party
    kinds: dict[str, tuple[str, ...]] = {}
    for service in desired.services.values():
        kinds |= {table.kind: table.roles for table in service.routes if here in table.own}
    for kind, roles in sorted(kinds.items(), key=lambda one: FLOW not in one[1]):
        if here != source:
            yield from _from_peer(desired, source, here, kind, roles)
            continue
        start = next((edge for edge in _edges(desired, kind, source) if _leads_to(edge, party)), None)
        if start is not None:
            legs, asked = tuple(_legs(desired, start, kind, party)), _of_requests(desired, start.source, party)
            yield Path(source, party, roles, legs, *(asked if FLOW in roles else ()))


def _of_requests(desired: Desired, router: str, party: str) -> tuple[Witness | None, Witness]:
    """Who tries signed requests to a party, and who says what the router knows."""
    here = desired.services[router]
    signed = next((edge for edge in _edges(desired, _SIGNED, here.id.owner) if _leads_to(edge, party)), None)
    asked = Witness(signed.source, signed.probe, party) if signed else None
    return asked, Witness(router, here.readiness)


def _from_peer(desired: Desired, peer: str, party: str, kind: str, roles: tuple[str, ...]) -> Iterator[Path]:
    """What comes from a party that others manage: from here only what is behind the own router can be tried."""
    start = next((edge for edge in _edges(desired, kind, party) if _leads_to(edge, peer)), None)
    if start is not None:
        legs = _end(desired, start.source, kind)
        hub = desired.services.get(start.through)
        on = next((edge for edge in hub.edges if edge.kind == kind and _leads_to(edge, party)), None) if hub else None
        if on is not None:
            # What an exchange passes on is asked of it, and of no one else.
            legs = (Leg(on.source, on.target, str(on.endpoint), "on", Witness(on.source, on.probe, party)), *legs)
        first = start.through or start.source
        public = desired.cluster.owners[desired.services[first].id.owner].public.get(kind)
        yield Path(peer, party, roles, (Leg(f"peer:{peer}", first, str(public or ""), "theirs"), *legs))


def _legs(desired: Desired, start: Edge, kind: str, party: str) -> Iterator[Leg]:
    sender = _sender(desired, kind, start.source)
    if sender is not None:
        yield Leg(sender.source, sender.target, str(sender.endpoint), "own", Witness(sender.source, sender.probe))
    last = start
    if start.through:
        yield Leg(start.source, start.through, str(start.endpoint), "on", Witness(start.source, start.probe, party))
        hub = desired.services[start.through]
        last = next(edge for edge in hub.edges if edge.kind == kind and _leads_to(edge, party))
    yield Leg(last.source, last.target, str(last.endpoint), "on", Witness(last.source, last.probe, party))
    if last.target in desired.services:
        yield from _end(desired, last.target, kind)
    elif sender is not None:
        component = desired.services[sender.source].id.component
        yield Leg(last.target, f"{component} of party {party}", "", "end")


def _end(desired: Desired, router: str, kind: str) -> tuple[Leg, ...]:
    """From a router to its own party: over its own edge, or where it has none, over the one that leads to it."""
    if edge := _behind(desired, router):
        return (Leg(router, edge.target, str(edge.endpoint), "end", Witness(router, edge.probe)),)
    if edge := _sender(desired, kind, router):
        return (Leg(router, edge.source, str(edge.endpoint), "end", Witness(edge.source, edge.probe)),)
    return ()


def _behind(desired: Desired, router: str) -> Edge | None:
    return next((edge for edge in desired.services[router].edges if edge.kind == _BEHIND), None)


def _sender(desired: Desired, kind: str, router: str) -> Edge | None:
    """The edge of the service that sends to a router what is for other parties."""
    owner = desired.services[router].id.owner
    return next((edge for edge in _edges(desired, kind, owner) if edge.target == router), None)


def _edges(desired: Desired, kind: str, owner: str) -> Iterator[Edge]:
    """All of a kind that begin at an owner's services."""
    for service in desired.services.values():
        if service.id.owner == owner:
            yield from (edge for edge in service.edges if edge.kind == kind)


def _leads_to(edge: Edge, party: str) -> bool:
    return party_of(edge.target) == party
