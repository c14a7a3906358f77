"""The form of an export that was read, and the export of it. A partner may have written it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from fatecloud.collect.shapes import Some, UpTo, fits, number, whole
from fatecloud.model.export import (
    TEXT,
    Answer,
    Export,
    Part,
    SeenEdge,
    SeenFault,
    SeenNode,
    SeenRoute,
    SeenService,
    SeenWay,
)
from fatecloud.model.finding import Severity
from fatecloud.model.tried import Look, State, TriedHop, TriedWay
from fatecloud.plain import plain

_FEW, _MOST = 100, 10_000
"""Entries of one kind: more do not fit into a file of this size."""
_SERVICE = r"[A-Za-z0-9][A-Za-z0-9-]{0,60}/[a-z][a-z0-9_-]{0,63}@[A-Za-z0-9][A-Za-z0-9_-]{0,62}"


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _one_of(words: Any) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in get_args(words)


_party, _word = _matches("[0-9]{1,9}"), _matches("(?:[a-z][a-z0-9 -]{0,30})?")
_key, _name = _matches(_SERVICE), _matches(r"[A-Za-z0-9._:\[\]/@-]{0,300}")
_place = _matches(
    rf"{_SERVICE}|peer:[A-Za-z0-9-]{{1,60}}|external:[a-z0-9_-]{{1,64}}|[a-z0-9_-]{{1,64}} of party [0-9]{{1,9}}"
)
_ENDS = {"source": _place, "target": _place, "endpoint": _name}
_HOP = {**_ENDS, "state": _one_of(State), "kind": _word, "error": str, "look": _one_of(Look)}
_WAY = {"from": _party, "to": _party, "roles": UpTo(_FEW, _word), "signed": bool, "hops": UpTo(_FEW, _HOP)}
_FINDING = {
    "code": _matches("[A-Z][A-Z0-9_]{1,60}"),
    "severity": _one_of(Severity),
    "owner": _name,
    "node": _name,
    "service": lambda value: value == "" or _key(value),
    "outward": bool,
    "about": UpTo(_FEW, _name),
    "caused_by": UpTo(_FEW, _name),
    "began": Some(str),
    "text": str,
}
_SERVED = {
    "key": _key,
    "part": _one_of(Part),
    "version": _name,
    "running": str,
    "state": _word,
    "seconds": Some(number),
}
_SHAPE = {
    "parties": UpTo(_FEW, _party),
    "partner": _party,
    "program": _name,
    "tag": _matches("[0-9a-f]{4}"),
    "taken": str,
    "architecture": _word,
    "releases": {...: _name},
    "changing": bool,
    "ways": UpTo(_FEW, _WAY),
    "findings": UpTo(_MOST, _FINDING),
    "services": UpTo(_MOST, _SERVED),
    "nodes": UpTo(_MOST, {"name": _name, "read": bool, "code": _name, "skew": Some(number)}),
    "routes": UpTo(
        _MOST, {"router": _key, "kind": _word, "party": _name, "role": _word, "endpoint": _name, "tls": bool}
    ),
    "edges": UpTo(_MOST, {**_ENDS, "kind": str, "answer": _one_of(Answer), "word": _word, "text": str}),
    "left_out": UpTo(_FEW, {"section": _word, "number": whole}),
}
_Entry = TypeVar("_Entry")


def export_of(document: Mapping[str, Any]) -> Export:
    """The export in a document.

    Raises:
        ValueError: it has another form, or speaks for a party that is not its own; with what is wrong.
    """
    for name, shape in _SHAPE.items():
        if name not in document:
            raise ValueError(f"`{name}` is missing")
        if not fits(document[name], shape):
            raise ValueError(f"`{name}` has another form than `{name}` of an export")
    safe = {name: _safe(document[name]) for name in _SHAPE}
    export = Export(
        parties=tuple(safe["parties"]),
        partner=safe["partner"],
        program=safe["program"],
        taken=_moment("taken", safe["taken"]),
        architecture=safe["architecture"],
        releases=safe["releases"],
        changing=safe["changing"],
        nodes=_made(SeenNode, safe["nodes"]),
        services=_made(SeenService, safe["services"]),
        faults=_made(SeenFault, [_finding(entry) for entry in safe["findings"]]),
        edges=_made(SeenEdge, safe["edges"]),
        routes=_made(SeenRoute, safe["routes"]),
        ways=tuple(map(_way, safe["ways"])),
        tag=safe["tag"],
        left_out={entry["section"]: entry["number"] for entry in safe["left_out"]},
    )
    _refuse_strangers(export)
    return export


def _refuse_strangers(export: Export) -> None:
    """A side speaks of its own services alone. Raises ValueError."""
    both = {*export.parties, export.partner}
    if not export.parties or export.partner in export.parties:
        raise ValueError("`parties` and `partner` are not two sides")
    owners = {*(one.key.partition("/")[0] for one in export.services), *(one.owner for one in export.faults)}
    owners |= {one.service.partition("/")[0] for one in export.faults}
    strangers = {owner for owner in owners if owner.isdigit()} - set(export.parties)
    if strangers:
        raise ValueError(f"it speaks for party {min(strangers)}, which is not one of its own")
    for one in export.ways:
        ends = {one.way.source, one.way.party}
        if not ends <= both or export.partner not in ends or not one.way.hops:
            raise ValueError("`ways` has one that is not between its two sides")


def _way(entry: Mapping[str, Any]) -> SeenWay:
    hops = _made(TriedHop, entry["hops"])
    return SeenWay(TriedWay(entry["from"], entry["to"], tuple(entry["roles"]), hops), entry["signed"])


def _made(kind: type[_Entry], entries: list[dict[str, Any]]) -> tuple[_Entry, ...]:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return tuple(
        kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in entry.items() if name in names})
        for entry in entries
    )


def _finding(entry: dict[str, Any]) -> dict[str, Any]:
    return entry if entry["began"] is None else entry | {"began": _moment("began", entry["began"])}


def _moment(name: str, text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
        seconds = at.astimezone(UTC).timestamp()
        # It will be printed: near the ends of the calendar a zone, or a part of a second, may lead beyond them.
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"`{name}` is not a time: {text!r}") from None
    if at.tzinfo is None:
        raise ValueError(f"`{name}` has no time zone: {text!r}")
    return seconds


def _safe(value: Any) -> Any:
    """Data with each text in one line, bounded."""
    if isinstance(value, str):
        return plain(value[:TEXT])
    if isinstance(value, dict):
        return {plain(str(name)[:TEXT]): _safe(entry) for name, entry in value.items()}
    return [_safe(entry) for entry in value] if isinstance(value, list) else value
