"""Runs on the node: can the other parties' flows be reached from here, through both parties' OSX?

A command takes the way of a job's commands, through this party's OSX. Only where that fails is the other OSX asked
directly, or the exchange before it, which says where on the way it fails: first with the same command, and where it
does not pass that on either, for its health.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.osx.messages import flow, health
from fatecloud.probing.dialing import address_of, asked, connected, trouble
from fatecloud.probing.sized import sized

LIMITS = (7.0, 2.0, 2.0)
HEALTH_SECONDS = 3.0
DIRECT_SECONDS = 3.0
ALL_SECONDS = 17.0
"""For all that is asked of a party: a node has 20 s, of which the connection to it takes some."""


def ask(own: str, own_party: str, exchanges: Mapping[str, str], party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer: of the flow there (`behind`), and where that says nothing, of the OSX before it.

    `own` is true where the command gets its answer without the own OSX, and not through it.

    Args:
        own: the own OSX.
        own_party: who asks.
        exchanges: endpoint -> the group whose OSX is there in the place of the party's.
        party: whom it is about.
        endpoint: where the own OSX sends what is for it.
    """
    exchange = exchanges.get(endpoint, "")
    behind = sized(functools.partial(_through, own, own_party, party), PADDING, LIMITS)
    if behind.get("kind") == "refused":
        # Before the first deploy there is no OSX of our own.
        behind = sized(functools.partial(_through, endpoint, own_party, party), PADDING, LIMITS)
    if behind["ok"]:
        return {"ok": True, "behind": behind}
    try:
        connected(endpoint, HEALTH_SECONDS).close()
    except OSError as error:
        return {**trouble(error, HEALTH_SECONDS), "exchange": bool(exchange)}
    # As long as the command that got no answer: what loses long ones may as well be the other OSX.
    if _through(endpoint, own_party, party, PADDING, DIRECT_SECONDS)["ok"]:
        return {"ok": True, "behind": behind, "own": True}
    if behind["kind"] == "large":
        return {"ok": True, "behind": behind}
    if exchange:
        hub = health(*address_of(endpoint), own_party, exchange, seconds=HEALTH_SECONDS)
        if not hub["ok"]:
            return {**hub, "exchange": True}
    return {**health(*address_of(endpoint), own_party, party, seconds=HEALTH_SECONDS), "behind": behind}


def _through(way: str, own_party: str, party: str, padding: int, seconds: float) -> dict[str, Any]:
    return flow(*address_of(way), own_party, party, padding=padding, seconds=seconds)


if __name__ == "__main__":
    own, own_party, hubs, *pairs = sys.argv[1:]
    exchanges = dict(hub.split("=", 1) for hub in hubs.split(",") if hub)
    sys.stdout.write(json.dumps(asked(pairs, functools.partial(ask, own, own_party, exchanges), ALL_SECONDS)) + "\n")
