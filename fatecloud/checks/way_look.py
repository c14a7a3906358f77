"""Whose part of a way is at fault. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.components.party_routes import LARGE
from fatecloud.model.tried import Look, Path

_NETWORK = ("timeout", "dropped", "unreachable", "reset", LARGE)
_NAME = "name"
SIGNATURES: Mapping[str, Look] = {"clock": "own", "headers": "network"}
"""Kinds of an answer to a signed request that are not the fault of who checks signatures."""


def is_on(path: Path, number: int) -> bool:
    """Whether there is such a leg, and it leads from one router to the next."""
    return 0 <= number < len(path.legs) and path.legs[number].step == "on"


def look_at(path: Path, number: int, kind: str) -> Look:
    """Where to look for what stops a way at one of its hops, from the kind of the answer."""
    leg, inward = path.legs[number], path.legs[0].step == "theirs"
    if leg.step == "end":
        return "own" if inward else "other-end"
    if leg.step == "own":
        apart = leg.source.rpartition("@")[2] != leg.target.rpartition("@")[2]
        return "network" if kind in _NETWORK and apart else "own"
    if kind in _NETWORK:
        return "network"
    if kind == _NAME:
        return "exchange" if inward or is_on(path, number - 1) else "own"
    if is_on(path, number + 1):
        return "exchange"
    return "own" if inward else "other-router"
