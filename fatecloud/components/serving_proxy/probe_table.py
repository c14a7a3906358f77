"""Runs on the node: where the own proxy's table of routes leads, and for whose proxy it takes itself."""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.serving_proxy.own_table import DEFAULT, is_here, leads, own_table
from fatecloud.probing.dialing import readable
from fatecloud.probing.properties import settings

PARTY = "coordinator"
_SHOWN = 100
"""Sentences of an answer about a table, which may have any number of entries."""


def judge(
    conf: str,
    path: str,
    party: str,
    itself: list[str],
    wanted: dict[str, dict[str, list[str]]],
    encrypted: dict[str, dict[str, list[str]]],
) -> dict[str, Any]:
    """The document: `loops` are entries that lead back, `wrong` ones lead elsewhere; `party` is there if it is wrong.

    Args:
        conf: the settings.
        path: of the table.
        party: whose proxy it is.
        itself: addresses of this proxy, `host:port`.
        wanted: the table as it should be: party, role, and where it leads.
        encrypted: those ends of it that are to be reached over TLS.
    """
    try:
        found = settings(conf).get(PARTY, party)
    except OSError as error:
        return {"ok": False, "kind": "config", "error": f"{conf}: {error.strerror}"}
    other = {} if found.strip() == party else {"party": readable(found, 40)}
    table = own_table(path)
    if not table["ok"]:
        return {**table, **other}
    routes, over_tls = table["routes"], table["encrypted"]
    refuses = [] if table["allowed"] else ["its permissions refuse requests"]
    loops = _loops(routes, itself)
    wrong = [*refuses, *_wrong(routes, wanted), *_open(over_tls, wanted, encrypted)]
    return {"ok": True, **other, "loops": loops[:_SHOWN], "wrong": wrong[:_SHOWN]}


def _loops(routes: dict[str, dict[str, list[str]]], itself: list[str]) -> list[str]:
    return [
        f"what is for {_named(party, role)} goes to {where}"
        for party, roles in sorted(routes.items())
        for role, ends in sorted(roles.items())
        for where in ends
        if is_here(where, itself)
    ]


def _wrong(routes: dict[str, dict[str, list[str]]], wanted: dict[str, dict[str, list[str]]]) -> list[str]:
    """What leads elsewhere than it should, for people."""
    said = [
        f"what is for {_named(party, role)} goes to {', '.join(ends) or 'no address'}, not to {', '.join(should)}"
        for party, roles in sorted(wanted.items())
        for role, should in sorted(roles.items())
        for ends in [leads(routes, party, role)]
        if sorted(ends) != sorted(should)
    ]
    more = sorted(set(routes) - set(wanted))
    return [*said, *(f"it has an entry for {_named(party, DEFAULT)}, and the inventory has not" for party in more)]


def _open(
    over_tls: dict[str, dict[str, list[str]]],
    wanted: dict[str, dict[str, list[str]]],
    encrypted: dict[str, dict[str, list[str]]],
) -> list[str]:
    """What goes out without TLS where it should have it, or the other way round."""
    return [
        f"what is for {_named(party, role)} goes out {'without' if should else 'with'} TLS"
        for party, roles in sorted(wanted.items())
        for role in sorted(roles)
        for should in [encrypted.get(party, {}).get(role, [])]
        if bool(leads(over_tls, party, role)) != bool(should)
    ]


def _named(party: str, role: str) -> str:
    whose = "parties that it does not know" if party == DEFAULT else f"party {party}"
    return whose if role == DEFAULT else f"{role} of {whose}"


if __name__ == "__main__":
    conf, path, party, itself, wanted, encrypted = sys.argv[1:]
    found = judge(conf, path, party, itself.split(","), json.loads(wanted), json.loads(encrypted))
    sys.stdout.write(json.dumps(found) + "\n")
