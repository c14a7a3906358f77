"""Routes as text and as documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.network import Flaw, Hop, Network, Way
from fatecloud.model.routes import DEFAULT, FLOW, Entry, RouteTable, Target
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.kinds.route import EntryDocument, RouteFlawList, RouteTableList, RouteWayList, TargetDocument
from fatecloud.report.remedy import remedy_document
from fatecloud.report.wrap import table, wrapped

_CARRIES = {FLOW: "requests between flows", DEFAULT: "data of tasks"}


def tables_text(network: Network, width: int) -> str:
    """A paragraph for each router."""
    return "\n\n".join("\n".join(_table(network, one, width)) for one in network.tables) or "there are no routers here"


def _table(network: Network, one: RouteTable, width: int) -> Iterator[str]:
    whose = f"router of party {', '.join(one.own)}" if one.own else "exchange"
    carries = " and ".join(_CARRIES[role] for role in one.roles)
    star = f"; all else goes to {one.exchange}" if one.exchange else ""
    yield from wrapped(f"{one.router}: {whose}, carries {carries}{star}", width, "", "    ")
    yield f"  {plain(one.source or one.file)}"
    rows = [
        ("  PARTY", "ROLE", "LEADS TO", "THAT IS"),
        *(row for entry in one.entries for row in _rows(network, one, entry)),
    ]
    yield from table(rows, width)


def _rows(network: Network, one: RouteTable, entry: Entry) -> Iterator[tuple[str, str, str, str]]:
    if not entry.targets:
        yield f"  {plain(entry.party)}", plain(entry.role), "nothing", ""
    for target in entry.targets:
        there = ", ".join(_there(network, one, target)) or "not known here"
        yield f"  {plain(entry.party)}", plain(entry.role), plain(str(target)), there


def _there(network: Network, one: RouteTable, target: Target) -> list[str]:
    return list(dict.fromkeys(place.service for place in network.at(target, one)))


def tables_document(network: Network) -> RouteTableList:
    """The same for programs."""
    return {
        "items": [
            {
                "router": one.router,
                "own": list(one.own),
                "carries": list(one.roles),
                "exchange": one.exchange,
                "file": one.file,
                "source": one.source,
                "entries": [_entry(network, one, entry) for entry in one.entries],
            }
            for one in network.tables
        ]
    }


def _entry(network: Network, one: RouteTable, entry: Entry) -> EntryDocument:
    targets: list[TargetDocument] = [
        {
            "host": target.endpoint.host,
            "port": target.endpoint.port,
            "tls": target.tls is not None,
            "leads_to": _there(network, one, target),
        }
        for target in entry.targets
    ]
    return {"party": entry.party, "role": entry.role, "targets": targets}


def flaws_text(flaws: Sequence[Flaw], network: Network, width: int) -> str:
    """A paragraph for each, or a sentence that there is none."""
    if not flaws:
        number = len(network.tables)
        return f"no flaw in the routes of {number} router{'' if number == 1 else 's'}"
    return "\n\n".join("\n".join(_flaw(flaw, width)) for flaw in flaws)


def _flaw(flaw: Flaw, width: int) -> Iterator[str]:
    yield f"{flaw.code}  {plain(flaw.router)}  {plain(flaw.entry)}"
    yield from wrapped(plain(flaw.what), width, "  ", "    ")
    if flaw.ways:
        yield from wrapped(f"hits: {plain(', '.join(flaw.ways))}", width, "  ", "    ")
    for remedy in flaw.remedy:
        yield from wrapped(plain(typed(str(remedy))), width, "  -> ", "     ")


def flaws_document(flaws: Sequence[Flaw]) -> RouteFlawList:
    """The same for programs."""
    return {
        "items": [
            {
                "code": flaw.code,
                "router": flaw.router,
                "entry": flaw.entry,
                "what": flaw.what,
                "packets": list(flaw.ways),
                "remedy": [remedy_document(remedy) for remedy in flaw.remedy],
            }
            for flaw in flaws
        ]
    }


def ways_text(source: str, ways: Sequence[Way], width: int) -> str:
    """A paragraph for each way: its hops, then its end."""
    return "\n\n".join("\n".join(_way(source, way, width)) for way in ways)


def _way(source: str, way: Way, width: int) -> Iterator[str]:
    yield plain(f"from {source} to {way.party}, {_CARRIES.get(way.role, way.role)}:")
    rows = [(f"  {number}", hop.router, plain(_hop(hop))) for number, hop in enumerate(way.hops, 1)]
    yield from table(rows, width)
    verdict = way.end if way.arrives else f"does not arrive ({way.end})"
    yield from wrapped(plain(f"{verdict}: {way.why}"), width, "  ", "    ")


def _hop(hop: Hop) -> str:
    if hop.reason is None:
        return "goes no further"
    if hop.reason == "own party":
        return "keeps it: it is for its own party"
    others = {"entry": "", "default role": " for all other roles", "default party": " for all other parties"}
    return f"follows {hop.entry}{others[hop.reason]}, to {hop.target}"


def ways_document(source: str, party: str, role: str, ways: Sequence[Way]) -> RouteWayList:
    """The same for programs."""
    return {
        "from": source,
        "to": party,
        "role": role,
        "items": [
            {
                "hops": [
                    {
                        "router": hop.router,
                        "reason": hop.reason,
                        "entry": hop.entry,
                        "target": str(hop.target) if hop.target else None,
                    }
                    for hop in way.hops
                ],
                "end": way.end,
                "at": way.at,
                "why": way.why,
                "arrives": way.arrives,
            }
            for way in ways
        ],
    }
