"""Holds the exports of two sides against each other and names what is at fault, with the evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fatecloud.checks.asides import remarks, version_faults
from fatecloud.checks.blame import Direction, fault_of
from fatecloud.checks.two_sides import found_at, seen_by
from fatecloud.checks.verdicts import verdict
from fatecloud.model.diagnosis import Diagnosis, Fault, Place, Side
from fatecloud.model.export import Export, SeenWay

_ORDER: tuple[Place, ...] = (
    *("versions", "node", "needed", "end", "router", "exchange", "route", "names", "admission", "signatures"),
    *("clocks", "inside", "network", "network or router"),
)


def diagnose(ours: Export, theirs: Export | None, sides: tuple[Side, ...], apart: str) -> Diagnosis:
    """Whose side is at fault.

    Args:
        ours: with our own names.
        theirs: that of the partner; None as long as there is none.
        sides: where the two come from, in the same order.
        apart: why the releases of the two run no job together; empty if nothing is known against it.
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
                fault = fault_of(direction, row)
                key = _key(fault)
                found[key] = _joined(found[key], fault) if key in found else fault
    faults = [*(version_faults(ours, theirs, apart) if theirs else ()), *found.values()]
    return Diagnosis(
        between=(theirs.partner if theirs else ", ".join(ours.parties), ours.partner),
        sides=sides,
        faults=tuple(sorted(faults, key=lambda fault: (not fault.certain, _ORDER.index(fault.place)))),
        open=tuple(dict.fromkeys(left)),
        remarks=tuple(remarks(ours, theirs, sides)),
    )


def _heard(ours: Export, theirs: Export | None) -> tuple[str, ...]:
    return ours.parties if theirs is None else (theirs.partner,)


def _directions(exports: Mapping[str, Export], sender: str, receiver: str) -> Iterator[Direction]:
    at_sender, at_receiver = exports.get(sender), exports.get(receiver)
    out, into = (_of(export, sender, receiver) for export in (at_sender, at_receiver))
    for one in out or into:
        known = one if out else None
        same = next((other for other in into if set(other.way.roles) & set(one.way.roles)), None)
        yield Direction(
            sender, receiver, known, found_at(at_receiver, receiver, same), found_at(at_sender, sender, known)
        )


def _of(export: Export | None, sender: str, receiver: str) -> tuple[SeenWay, ...]:
    ways = export.ways if export else ()
    return tuple(one for one in ways if (one.way.source, one.way.party) == (sender, receiver))


def _key(fault: Fault) -> tuple[str, ...]:
    """The same for faults that are one: an exchange is, and the network is another one in each direction."""
    if fault.place == "exchange":
        return (fault.place,)
    return (fault.place, fault.side, fault.subject, *(fault.ways[0] if not fault.side else ()))


def _joined(one: Fault, other: Fault) -> Fault:
    return replace(
        one,
        side=one.side or other.side,
        subject=one.subject or other.subject,
        ways=tuple(dict.fromkeys((*one.ways, *other.ways))),
        certain=one.certain or other.certain,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
    )


def _unheard(direction: Direction, exports: Mapping[str, Export]) -> str:
    way = f"from {direction.sender} to {direction.receiver}"
    if direction.sender not in exports:
        return f"{way}: only party {direction.sender} can try it; its export is missing"
    return f"{way}: party {direction.sender} could not try it to the end, because it did not read all of its nodes"
