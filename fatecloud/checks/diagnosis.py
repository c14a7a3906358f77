"""Holds the exports of two sides against each other and names what is at fault, with the evidence. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fatecloud.checks.asides import remarks, version_faults
from fatecloud.checks.two_sides import Own, found_at, seen_by
from fatecloud.checks.verdicts import Found, Row, verdict
from fatecloud.model.diagnosis import Diagnosis, Fault, Place, Side
from fatecloud.model.export import Export, SeenFault, SeenWay
from fatecloud.model.tried import TriedHop

_ORDER: tuple[Place, ...] = (
    *("versions", "node", "needed", "end", "router", "exchange", "route", "names", "admission", "signatures"),
    *("clocks", "inside", "network", "network or router"),
)
_FAULTS = 3
"""Findings of one side that are evidence of one fault."""


@dataclass(frozen=True, slots=True)
class _Direction:
    """What both sides say of one way."""

    sender: str
    receiver: str
    out: SeenWay | None
    """As the sender sees it; None where it was not heard."""
    own: Own
    """What the receiver found at itself."""
    at_home: Own
    """What the sender found at itself."""


def diagnose(ours: Export, theirs: Export | None, sides: tuple[Side, ...]) -> Diagnosis:
    """Whose side is at fault.

    Args:
        ours: with our own names.
        theirs: that of the partner; None as long as there is none.
        sides: where the two come from, in the same order.
    """
    exports = dict.fromkeys(ours.parties, ours) | (dict.fromkeys(theirs.parties, theirs) if theirs else {})
    found: dict[tuple[str, ...], Fault] = {}
    left: list[str] = []
    for one, other in [(theirs.partner if theirs else party, ours.partner) for party in _heard(ours, theirs)]:
        for direction in (*_directions(exports, one, other), *_directions(exports, other, one)):
            row = verdict(seen_by(direction.out), direction.own.found)
            if row.place == "unknown":
                left.append(_unheard(direction, exports))
            elif row.place != "none":
                fault = _fault(direction, row)
                key = (fault.place, fault.side, fault.subject, *(fault.ways[0] if not fault.side else ()))
                found[key] = _joined(found[key], fault) if key in found else fault
    faults = [*(version_faults(ours, theirs) if theirs else ()), *found.values()]
    return Diagnosis(
        between=(theirs.partner if theirs else ", ".join(ours.parties), ours.partner),
        sides=sides,
        faults=tuple(sorted(faults, key=lambda fault: (not fault.certain, _ORDER.index(fault.place)))),
        open=tuple(dict.fromkeys(left)),
        remarks=tuple(remarks(ours, theirs, sides)),
    )


def _heard(ours: Export, theirs: Export | None) -> tuple[str, ...]:
    return ours.parties if theirs is None else (theirs.partner,)


def _directions(exports: Mapping[str, Export], sender: str, receiver: str) -> Iterator[_Direction]:
    at_sender, at_receiver = exports.get(sender), exports.get(receiver)
    out, into = (_of(export, sender, receiver) for export in (at_sender, at_receiver))
    for one in out or into:
        known = one if out else None
        same = next((other for other in into if set(other.way.roles) & set(one.way.roles)), None)
        yield _Direction(sender, receiver, known, found_at(at_receiver, same), found_at(at_sender, known))


def _of(export: Export | None, sender: str, receiver: str) -> tuple[SeenWay, ...]:
    ways = export.ways if export else ()
    return tuple(one for one in ways if (one.way.source, one.way.party) == (sender, receiver))


def _fault(direction: _Direction, row: Row) -> Fault:
    whose = {"sender": direction.sender, "receiver": direction.receiver, "": ""}[row.whose]
    why = row.why.format(s=f"party {direction.sender}", r=f"party {direction.receiver}")
    place, subject = row.place, ""
    causes: tuple[SeenFault, ...] = ()
    stop = direction.out.way.stop if direction.out else None
    if row.whose == "receiver":
        causes = tuple(fault for where, fault in direction.own.faults if where == row.found)
        subject = causes[0].subject if causes else _at_receiver(direction, row, stop)
    elif row.seen == "own":
        # What its own check names as the cause is more than where the way stops.
        place, causes = next(
            ((_AS_PLACE[where], (fault,)) for where, fault in direction.at_home.faults), ("router", ())
        )
        subject = causes[0].subject if causes else _own_router(stop)
    elif row.whose == "sender" and stop:
        subject = stop.source
    sentences = [why, *_said(direction.sender, stop, row), *_reported(whose, causes)]
    if row.whose != "sender" and direction.own.found == {"well"} and direction.own.router:
        sentences.append(f"party {direction.receiver}'s check found no fault at {direction.own.router} and behind it")
    if row.whose == "receiver" and direction.own.stop is not None and not causes:
        sentences += _said(direction.receiver, direction.own.stop, row)
    evidence = tuple(dict.fromkeys(sentences))
    return Fault(place, whose, subject, ((direction.sender, direction.receiver),), row.sure == "certain", evidence)


_AS_PLACE: Mapping[Found, Place] = {"router": "router", "node": "node", "end": "end", "needed": "needed"}


def _at_receiver(direction: _Direction, row: Row, stop: TriedHop | None) -> str:
    """The service there that is meant, where no finding names it."""
    if row.place in ("end", "inside") and direction.own.stop is not None:
        return direction.own.stop.target
    if row.place in ("router", "route") and direction.own.router:
        return direction.own.router
    return stop.target if stop is not None and row.place == "end" and not direction.own.router else ""


def _own_router(stop: TriedHop | None) -> str:
    """The own router, where the way does not get past it."""
    if stop is None:
        return ""
    return stop.source if stop.target.startswith("peer:") else stop.target


def _said(party: str, stop: TriedHop | None, row: Row) -> Iterator[str]:
    if stop is not None and row.seen != "works":
        yield f"party {party} saw {stop.source} -> {stop.target}: {stop.error or stop.kind or 'no answer'}"


def _reported(party: str, causes: tuple[SeenFault, ...]) -> Iterator[str]:
    for fault in causes[:_FAULTS]:
        because = f", explained by {', '.join(fault.caused_by)}" if fault.caused_by else ""
        text = f": {fault.text}" if fault.text else ""
        since = "" if fault.began is None else time.strftime(" since %Y-%m-%d %H:%M:%S UTC", time.gmtime(fault.began))
        yield f"party {party}'s check: {fault.code} at {fault.subject}{since}{because}{text}"


def _joined(one: Fault, other: Fault) -> Fault:
    return replace(
        one,
        ways=tuple(dict.fromkeys((*one.ways, *other.ways))),
        certain=one.certain or other.certain,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
    )


def _unheard(direction: _Direction, exports: Mapping[str, Export]) -> str:
    way = f"from {direction.sender} to {direction.receiver}"
    if direction.sender not in exports:
        return f"{way}: only party {direction.sender} can try it; its export is missing"
    return f"{way}: party {direction.sender} could not try it to the end, because it did not read all of its nodes"
