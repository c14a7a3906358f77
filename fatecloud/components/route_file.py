"""Reads a `route_table.json` as OSX does: what it refuses is an error, what it passes over in silence is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from fatecloud.errors import InputError
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.routes import DEFAULT, Entry, RouteTable, Target, Tls

_TIMES = ("createTime", "updateTime")
"""What OSX's own console writes beside the roles."""
_ONCE = "write it once"
_ENCRYPT = 'write "useSSL": true, with caFile, certChainFile and privateKeyFile'


@dataclass(frozen=True, slots=True)
class Note:
    """Something that OSX passes over in silence."""

    code: str
    """Of the flaw that it is."""
    entry: str
    what: str
    change: str


class _Pairs(dict[str, Any]):
    """An object that remembers which of its keys were written twice."""

    twice: tuple[str, ...] = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    found = _Pairs(pairs)
    names = [name for name, _ in pairs]
    found.twice = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
    return found


def read_route_table(text: str, table: RouteTable, source: str) -> tuple[RouteTable, tuple[Note, ...]]:
    """The table that a router would have with this file.

    Args:
        text: of the file.
        table: that a deploy would write; its router, ports and rules stay.
        source: the file's name.

    Returns:
        The table, and what OSX passes over in it.

    Raises:
        InputError: OSX refuses the whole file, and keeps the table that it has.
    """
    refused = f"{source}: OSX refuses this table and keeps the one that it has: "
    try:
        document = json.loads(text, object_pairs_hook=_pairs)
    except ValueError as error:
        raise InputError(f"{refused}{error}") from error
    if not isinstance(document, _Pairs) or not isinstance(document.get("route_table"), _Pairs):
        raise InputError(f"{refused}it has no object `route_table`")
    own = document.get("self_party")
    if not isinstance(own, list):
        raise InputError(f"{refused}it has no list `self_party`")
    if not own:
        raise InputError(f"{source}: OSX fails at each packet while `self_party` is empty: an exchange needs any name")
    try:
        entries = tuple(_entries(document["route_table"]))
    except ValueError as error:
        raise InputError(f"{refused}{error}") from error
    # The name that an exchange has there is not a party.
    parties = tuple(str(party) for party in own if str(party) != table.router.partition("/")[0] or str(party).isdigit())
    return replace(table, own=parties, entries=entries, source=source), tuple(_notes(document))


def _entries(parties: dict[str, Any]) -> Iterator[Entry]:
    for party, roles in parties.items():
        if not party or not isinstance(roles, dict):
            raise ValueError(f"{party or 'a party without a name'} is not an object")
        named = {role: targets for role, targets in roles.items() if role not in _TIMES}
        if not named:
            # A party without a role is there all the same: the entry for all other parties is not asked.
            yield Entry(party, DEFAULT, ())
        for role, targets in named.items():
            if not isinstance(targets, list):
                raise ValueError(f"{party}.{role} is not a list")  # noqa: TRY004 - of the file, not of the program
            yield Entry(party, role, tuple(_target(f"{party}.{role}", target) for target in targets))


def _target(name: str, target: Any) -> Target:
    if not isinstance(target, dict):
        raise ValueError(f"{name} has a target that is not an object")  # noqa: TRY004 - of the file
    host, port = target.get("ip"), target.get("port")
    if target.get("protocol") == "http":
        way = urlsplit(str(target.get("url", "")))
        if not way.hostname:
            raise ValueError(f"{name} is reached over HTTP and has no `url`")
        host, port = way.hostname, way.port or (443 if way.scheme == "https" else 80)
    if not host or not isinstance(port, (int, float)) or isinstance(port, bool):
        raise ValueError(f"{name} needs `ip` and a number as `port`")
    # Java takes the word true alone, with or without quotes.
    encrypted = str(target.get("useSSL")).lower() == "true"
    files = (str(target.get(key) or "") for key in ("caFile", "certChainFile", "privateKeyFile"))
    return Target(Endpoint(str(host), int(port)), Tls(*files) if encrypted else None)


def _notes(document: _Pairs) -> Iterator[Note]:
    parties = document["route_table"]
    for party in parties.twice:
        what = f"party {party} is written twice, and only the last one counts"
        yield Note("ROUTE_SHADOWED", f"{party}.{DEFAULT}", what, _ONCE)
    for party, roles in parties.items():
        for role in roles.twice:
            what = f"{party}.{role} is written twice, and only the last one counts"
            yield Note("ROUTE_SHADOWED", f"{party}.{role}", what, _ONCE)
        for role, targets in roles.items():
            if role not in _TIMES and any(map(_meant, targets)):
                what = f"{party}.{role} asks for TLS in a way that OSX does not read: it connects in plaintext"
                yield Note("ROUTE_PLAINTEXT", f"{party}.{role}", what, _ENCRYPT)


def _meant(target: dict[str, Any]) -> bool:
    """Whether a target says that it wants TLS, with rollsite's key, with certificates alone, or with another word."""
    wishes = [target.get("is_secure"), target.get("useSSL")]
    meant = any(str(wish).lower() in ("true", "1", "yes", "on") for wish in wishes if wish is not None)
    named = any(target.get(key) for key in ("caFile", "certChainFile", "privateKeyFile", "keyStoreFile"))
    return (meant or named) and str(target.get("useSSL")).lower() != "true"
