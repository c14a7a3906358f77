"""Runs on the node: a list of models, as both generations of the server have one, short enough for an answer."""

from __future__ import annotations

import json
from typing import Any

from fatecloud.probing.dialing import readable

MOST = 64 << 10
"""Bytes of a list: a quarter of what a node's probes may print in all. A model of two parties has some 500."""
PARTNERS, SERVICES = 16, 50
LONGEST = 500
"""Characters of a name. A digest of one that was cut is another one."""


def part(table: Any, namespace: Any, role: Any = None, party: Any = None) -> dict[str, Any]:
    """One party's part of a model; what its role and party are is also in its id, `guest#9999#...`."""
    name = readable(namespace or "", LONGEST)
    said = [*name.split("#"), "", ""]
    return {
        "table": readable(table or "", LONGEST),
        "namespace": name,
        "role": readable(role or said[0], LONGEST),
        "party": readable(party or said[1], LONGEST),
    }


def model(
    own: dict[str, Any], services: list[str], milliseconds: Any, partners: list[dict[str, Any]]
) -> dict[str, Any]:
    """One that is loaded.

    Args:
        own: see `part`.
        services: ids that are bound to it.
        milliseconds: when it was loaded, since the epoch; anything else is as unknown.
        partners: parts of other parties.
    """
    known = isinstance(milliseconds, int) and not isinstance(milliseconds, bool) and 0 < milliseconds < 1 << 53
    return {
        **own,
        "services": sorted({readable(one, LONGEST) for one in services}),
        "since": milliseconds / 1000 if known else None,
        "partners": sorted(partners, key=lambda one: (one["role"], one["party"]))[:PARTNERS],
    }


def bounded(models: list[dict[str, Any]]) -> dict[str, Any]:
    """`models` in order, each with some of its services, and `left_out`."""
    listed: list[dict[str, Any]] = []
    room = MOST
    shown = [{**one, "services": one["services"][:SERVICES]} for one in models]
    for one in sorted(shown, key=lambda one: (one["table"], one["namespace"])):
        room -= len(json.dumps(one))
        if room < 0:
            break
        listed.append(one)
    return {"models": listed, "left_out": len(models) - len(listed)}
