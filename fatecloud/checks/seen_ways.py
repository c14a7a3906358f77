"""The ways between one side and a partner, as this side alone sees them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from fatecloud.checks.edges import needed_by
from fatecloud.checks.way_plan import paths_between
from fatecloud.checks.way_trial import tried_way
from fatecloud.model.behind import PEER
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.export import Part, SeenWay
from fatecloud.model.observed import Observed
from fatecloud.model.tried import Leg, Path, TriedWay

_WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")


def seen_ways(desired: Desired, observed: Observed, party: str, partner: str) -> Iterator[SeenWay]:
    """There and back, with what each hop answered."""
    pair = {party, partner}
    for path in (path for path in paths_between(desired, party, None) if {path.source, path.party} == pair):
        seen = from_here(path, partner)
        way = tried_way(desired, observed, seen)
        unsigned = tried_way(desired, observed, replace(seen, signed=None))
        hops = tuple(replace(hop, evidence=(), kind=short_word(hop.kind)) for hop in way.hops)
        yield SeenWay(replace(way, hops=hops), signed=way.stop is not None and unsigned.stop is None)


def from_here(path: Path, partner: str) -> Path:
    """A way as the other side looks from outside: its router is `peer:10000`, and no one there is asked."""
    legs = tuple(leg for one in path.legs if (leg := _from_here(one, partner)) is not None)
    ours = [one if one is not None and not _is_of(one.service, partner) else None for one in (path.signed, path.table)]
    return replace(path, legs=legs, signed=ours[0], table=ours[1])


def _from_here(leg: Leg, partner: str) -> Leg | None:
    begins, ends = _is_of(leg.source, partner), _is_of(leg.target, partner)
    peer = f"{PEER}{partner}"
    if begins and ends:
        what = leg.target.partition("/")[2].partition("@")[0]
        return Leg(peer, f"{what} of party {partner}", "", "end") if leg.step == "end" else None
    if begins:
        return Leg(peer, leg.target, leg.endpoint, "theirs")
    return replace(leg, target=peer) if ends else leg


def _is_of(key: str, party: str) -> bool:
    return key.startswith(f"{party}/")


def parts_of(desired: Desired, ways: list[TriedWay], services: Collection[DesiredService]) -> dict[str, Part]:
    """Key -> what the service is in these ways."""
    ours = {service.id.key for service in services}
    groups = set(desired.cluster.groups)
    routers, ends = set[str](), set[str]()
    for way in ways:
        keys = [way.hops[0].source, *(hop.target for hop in way.hops)]
        own = [key for key in keys if key in ours]
        inward = keys[0] not in ours
        # What is next to the other side is a router, and what is farthest from it the end.
        ends |= {own[-1] if inward else own[0]} if own[1:] else set()
        routers |= set(own[:-1] if inward else own[1:]) if own[1:] else set(own)
    needed = {other for key in routers | ends for other in needed_by(desired, key)}
    needed |= {service.id.key for service in services if service.workers is not None}

    def part(service: DesiredService) -> Part:
        key = service.id.key
        if key in routers:
            return "exchange" if service.id.owner in groups else "router"
        return "end" if key in ends else "needed" if key in needed else "other"

    return {service.id.key: part(service) for service in services}


def short_word(text: str) -> str:
    """A short word of ours; what a node wrote in its place is left out."""
    return text if _WORD.fullmatch(text) else ""
