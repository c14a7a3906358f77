"""What each of two sides says of one direction, in the words of the table in `checks/verdicts.py`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fatecloud.checks.verdicts import Found, Seen
from fatecloud.components.party_routes import LARGE, party_of
from fatecloud.model.export import Export, SeenFault, SeenWay
from fatecloud.model.tried import TriedHop, TriedWay

_CROSSING: Mapping[str, Seen] = {
    **dict.fromkeys(("timeout", "dropped", "unreachable"), "blocked"),
    **dict.fromkeys(("refused", "reset"), "refused"),
    "status": "unwell",
    "foreign": "foreign",
    "party": "party",
    "denied": "denied",
    "route": "route",
    "name": "names",
    LARGE: "large",
}
"""Kind of the answer between the two routers -> what was seen; any other is `silent`."""
_NO_ROUTE = ("party", "route")
"""Kinds of the answer of a router that knows no way on."""
_SIGNATURES: Mapping[str, Seen] = {"clock": "clock", "headers": "headers"}


def seen_by(one: SeenWay | None) -> Seen:
    """What the side that sends saw.

    Args:
        one: as it tried it; None where it was not heard.
    """
    stop = one.way.stop if one else None
    if one is None or stop is None:
        return "works" if one and one.way.works else "unseen"
    if one.signed:
        return _SIGNATURES.get(stop.kind, "signature")
    return "exchange" if stop.look == "exchange" else _where_it_stops(one.way, stop)


def _where_it_stops(way: TriedWay, stop: TriedHop) -> Seen:
    at, crossing = way.hops.index(stop), _crossing(way)
    if at < crossing:
        return "inside" if stop.look == "network" else "own"
    if at > crossing:
        return "large" if stop.kind == LARGE else "misrouted" if stop.kind in _NO_ROUTE else "behind"
    seen = _CROSSING.get(stop.kind, "silent")
    return "own" if stop.look == "own" and seen not in ("route", "names") else seen


def _crossing(way: TriedWay) -> int:
    """Number of the hop that leads to the other party."""
    return next((at for at, hop in enumerate(way.hops) if hop.target == f"peer:{way.party}"), len(way.hops))


_NO_ANSWER = ("NODE_UNREACHABLE", "NODE_TIMEOUT")
"""Codes of a node that its own side cannot reach. With another one it may well be up: only its login failed."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a side says of itself as the receiver of a way."""

    found: frozenset[Found]
    faults: tuple[tuple[Found, SeenFault], ...] = ()
    """Those that its own check names as causes, with where they are."""
    stop: TriedHop | None = None
    """The hop behind its router that fails, if one does."""
    router: str = ""
    """Key of its router."""
    exchanges: frozenset[str] = frozenset()
    """Keys of the exchanges that it runs itself."""


def found_at(export: Export | None, party: str, one: SeenWay | None) -> Own:
    """What a side found at itself.

    Args:
        export: its own; None where there is none.
        party: which of its parties the way is of.
        one: the way as it sees it, from the other side's router to its own end; None where it has none.
    """
    if export is None:
        return Own(frozenset({"none"}))
    hops = one.way.hops if one else ()
    stop, unknown = (next((hop for hop in hops if hop.state == state), None) for state in ("failed", "unknown"))
    keys = {key for hop in hops for key in (hop.source, hop.target) if "/" in key}
    near = _Near(export, party, keys)
    faults: tuple[tuple[Found, SeenFault], ...] = tuple(
        (place, fault) for fault in export.faults if (place := near.place(fault)) is not None
    )
    found: set[Found] = {place for place, _ in faults}
    unread = {node.name for node in export.nodes if not node.read}
    if stop is not None and _lost_inside(stop):
        # Then its router only says that it does not get through.
        faults = tuple(("inside" if place == "router" else place, fault) for place, fault in faults)
        found = {place for place, _ in faults} or {"inside"}
    elif stop is not None and not found:
        found.add("end")
    if "gone" in found or (not found and (one is None or unknown or unread & {key.rpartition("@")[2] for key in keys})):
        found.add("unread")
    exchanges = frozenset(service.key for service in export.services if service.part == "exchange")
    router = next((hop.target for hop in hops if "/" in hop.target and hop.target not in exchanges), "")
    return Own(frozenset(found or {"well"}), faults, stop, router, exchanges)


def _is_grave(fault: SeenFault) -> bool:
    """Whether it stops what its service does. A file that was changed is a cause, and only its effect is grave."""
    return fault.severity == "critical" and not fault.outward


def _lost_inside(stop: TriedHop) -> bool:
    """Whether it is lost between two nodes of one side."""
    if not ("/" in stop.source and "/" in stop.target):
        return False
    apart = stop.source.rpartition("@")[2] != stop.target.rpartition("@")[2]
    return stop.kind == LARGE or (apart and _CROSSING.get(stop.kind) == "blocked")


class _Near:
    """What of a side is on a way, or needed there: the place of each of its findings.

    Args:
        export: of the side.
        party: which of its parties the way is of.
        keys: of the services on the way.
    """

    def __init__(self, export: Export, party: str, keys: Collection[str]) -> None:
        self._between, self._keys = {party, export.partner}, keys
        self._grave = {fault.id for fault in export.faults if _is_grave(fault)}
        self._parts = {service.key: service.part for service in export.services}
        # Of its other parties nothing is needed here.
        self._needed = {k for k, part in self._parts.items() if part == "needed" and self._concerns(k)}
        self._nodes = {key.rpartition("@")[2] for key in (*keys, *self._needed)}
        self._unread = {node.name for node in export.nodes if not node.read}

    def place(self, fault: SeenFault) -> Found | None:
        """Where on the way a finding is that is a cause, and grave; None for others."""
        if not _is_grave(fault) or self._grave.intersection(fault.caused_by):
            return None
        if fault.about and not any(map(self._concerns, fault.about)):
            return None
        return self._of_service(fault.service) if fault.service else self._of_node(fault)

    def _concerns(self, target: str) -> bool:
        """Whether something is of the two parties, or of a group."""
        owner = party_of(target)
        return not owner.isdigit() or owner in self._between

    def _of_node(self, fault: SeenFault) -> Found | None:
        if fault.node not in self._nodes:
            return None
        if fault.node not in self._unread:
            return "node"
        return "gone" if fault.code in _NO_ANSWER else None

    def _of_service(self, key: str) -> Found | None:
        if key in self._keys:
            part = self._parts.get(key)
            return part if part in ("end", "exchange") else "router"
        return "needed" if key in self._needed else None
