"""From the verdict about one direction to the fault: whose, at which service, and who saw what. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fatecloud.checks.two_sides import Own
from fatecloud.checks.verdicts import Found, Row
from fatecloud.model.behind import PEER
from fatecloud.model.diagnosis import Fault, Place
from fatecloud.model.export import SeenFault, SeenWay
from fatecloud.model.tried import TriedHop

_FAULTS = 3
"""Findings of one side that are evidence of one fault."""
_AS_PLACE: Mapping[Found, Place] = {"node": "node", "gone": "node", "end": "end", "needed": "needed"}


@dataclass(frozen=True, slots=True)
class Direction:
    """What both sides say of one way."""

    sender: str
    receiver: str
    out: SeenWay | None
    """As the sender sees it; None where it was not heard."""
    own: Own
    """What the receiver found at itself."""
    at_home: Own
    """What the sender found at itself."""

    @property
    def stop(self) -> TriedHop | None:
        """The hop at which it stops for the sender."""
        return self.out.way.stop if self.out else None


@dataclass(frozen=True, slots=True)
class _Blamed:
    place: Place
    side: str
    subject: str = ""
    causes: tuple[SeenFault, ...] = ()


def fault_of(one: Direction, row: Row) -> Fault:
    """The fault that a row of the table means in a direction."""
    blamed = _exchange(one) if row.place == "exchange" else _blamed(one, row)
    sentences = [row.why.format(s=f"party {one.sender}", r=f"party {one.receiver}")]
    if row.seen != "works":
        sentences += _said(one.sender, one.stop)
    sentences += _reported(blamed)
    if row.whose != "sender" and one.own.found == {"well"} and one.own.router:
        sentences.append(f"party {one.receiver}'s check found no fault at {one.own.router} and behind it")
    if row.whose == "receiver" and not blamed.causes:
        sentences += _said(one.receiver, one.own.stop)
    evidence = tuple(dict.fromkeys(sentences))
    ways = ((one.sender, one.receiver),)
    return Fault(blamed.place, blamed.side, blamed.subject, ways, row.sure == "certain", evidence)


def _blamed(one: Direction, row: Row) -> _Blamed:
    if row.whose == "receiver":
        causes = tuple(fault for where, fault in one.own.faults if where == row.found)
        return _Blamed(row.place, one.receiver, causes[0].subject if causes else _at_receiver(one, row), causes)
    if row.seen == "own":
        return _at_home(one)
    if row.whose == "sender":
        return _Blamed(row.place, one.sender, one.stop.source if one.stop else "")
    return _Blamed(row.place, "")


def _at_home(one: Direction) -> _Blamed:
    """What its own check names as the cause says more than where the way stops."""
    ends = (one.stop.source, one.stop.target) if one.stop else ()
    near = sorted(one.at_home.faults, key=lambda found: found[1].service not in ends)
    if near:
        where, fault = near[0]
        return _Blamed(_AS_PLACE.get(where, "router"), one.sender, fault.subject, (fault,))
    own = "" if one.stop is None else one.stop.source if one.stop.target.startswith(PEER) else one.stop.target
    return _Blamed("router", one.sender, own)


def _exchange(one: Direction) -> _Blamed:
    """The exchange, and the side that runs it, where one of them does."""
    for party, own in ((one.receiver, one.own), (one.sender, one.at_home)):
        causes = tuple(fault for where, fault in own.faults if where == "exchange")
        if causes:
            return _Blamed("exchange", party, causes[0].subject, causes)
    known = one.stop is not None and one.stop.target in one.at_home.exchanges
    return _Blamed("exchange", one.sender if known else "", one.stop.target if one.stop and known else "")


def _at_receiver(one: Direction, row: Row) -> str:
    """The service there that is meant, where no finding names it."""
    if row.place in ("end", "inside") and one.own.stop is not None:
        return one.own.stop.target
    if row.place in ("router", "route") and one.own.router:
        return one.own.router
    return one.stop.target if one.stop is not None and row.place == "end" and not one.own.router else ""


def _said(party: str, stop: TriedHop | None) -> Iterator[str]:
    if stop is not None:
        yield f"party {party} saw {stop.source} -> {stop.target}: {stop.error or stop.kind or 'no answer'}"


def _reported(blamed: _Blamed) -> Iterator[str]:
    for fault in blamed.causes[:_FAULTS]:
        because = f", explained by {', '.join(fault.caused_by)}" if fault.caused_by else ""
        text = f": {fault.text}" if fault.text else ""
        since = "" if fault.began is None else time.strftime(" since %Y-%m-%d %H:%M:%S UTC", time.gmtime(fault.began))
        yield f"party {blamed.side}'s check: {fault.code} at {fault.subject}{since}{because}{text}"
