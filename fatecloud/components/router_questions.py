"""Runs on the node: what the probes of routers between parties ask, whatever the router's software.

A command takes the way of a job's commands, through the party's own router. Only where that says nothing is a router
itself asked, which says where on the way it fails.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from fatecloud.probing.dialing import address_of, connected, trouble
from fatecloud.probing.sized import sized

LIMITS = (7.0, 2.0, 2.0)
CONNECT_SECONDS, DIRECT_SECONDS = 3.0, 3.0
ALL_SECONDS = 17.0
"""For all that is asked of a party: a node has 20 s, of which the connection to it takes some."""
NAMED, VERSION = "named", "version"
"""Part of an answer that a check of its own is about, and its value where that is the other flow's version."""
OTHER_API = "api"
"""Kind of a flow's answer: it has the paths and the envelope of the other generation of FATE, and no others."""
_NOT_THERE = ("refused", "foreign", "name", "unreachable")


def of_another_api(answer: bytes, code: str, words: str, generation: int) -> dict[str, Any]:
    """What an answer is that lacks the envelope of a flow: one of the other generation's, or no flow's.

    Args:
        answer: as it came.
        code: key of the number in the envelope of the other generation.
        words: key of the text there.
        generation: its number, 1 for FATE 1.x.
    """
    try:
        envelope = json.loads(answer)
        if isinstance(envelope[code], int) and isinstance(envelope[words], str):
            error = f"its flow has the API of FATE {generation}, and no other"
            return {"ok": False, "kind": OTHER_API, "error": error}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # no flow of any version
    return {"ok": False, "kind": "foreign", "error": "what answers is not flow"}


def own_state(
    host: str,
    port: int,
    party: str,
    *,
    flow: Callable[..., dict[str, Any]],
    health: Callable[[str, int, str, str], dict[str, Any]],
    padding: int,
) -> dict[str, Any]:
    """`ok` where the own router works as its party's; `behind` is the flow's answer, which passes through it.

    Args:
        host: of the router.
        port: of the router.
        party: whose it is.
        flow: asks a flow through a router; gets host and port of that, who asks, whose flow, `padding`, `seconds`.
        health: asks a router whether it works and is a party's; gets the first four of these.
        padding: bytes that make the question to the flow as long as real ones.
    """

    def through(length: int, seconds: float) -> dict[str, Any]:
        return flow(host, port, party, party, padding=length, seconds=seconds)

    behind = sized(through, padding, LIMITS)
    if behind["ok"]:
        return {"ok": True, "party": party, "behind": behind}
    if behind["kind"] in _NOT_THERE:
        return behind
    return {**health(host, port, party, party), "behind": behind}


def way_to(
    own: str,
    own_party: str,
    exchanges: Mapping[str, str],
    party: str,
    endpoint: str,
    *,
    flow: Callable[..., dict[str, Any]],
    health: Callable[[str, int, str, str], dict[str, Any]],
    padding: int,
) -> dict[str, Any]:
    """One party's answer: of the flow there (`behind`), and where that says nothing, of the router before it.

    `own` is true where the command gets its answer without the own router, and not through it. `named` is `VERSION`
    where the flow there has another API.

    Args:
        own: the own router.
        own_party: who asks.
        exchanges: endpoint -> the group whose router is there in the place of the party's.
        party: whom it is about.
        endpoint: where the own router sends what is for it.
        flow: see `own_state`, as for the others.
        health: of a router.
        padding: of the question to the flow.
    """

    def through(way: str, length: int, seconds: float) -> dict[str, Any]:
        return flow(*address_of(way), own_party, party, padding=length, seconds=seconds)

    exchange = exchanges.get(endpoint, "")
    behind = sized(functools.partial(through, own), padding, LIMITS)
    if behind.get("kind") == "refused":
        # Before the first deploy there is no router of our own.
        behind = sized(functools.partial(through, endpoint), padding, LIMITS)
    other = behind.get("kind") == OTHER_API
    if behind["ok"] or other:
        return {"ok": True, "behind": behind, **({NAMED: VERSION} if other else {})}
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return {**trouble(error, CONNECT_SECONDS), "exchange": bool(exchange)}
    # As long as the command that got no answer: what loses long ones may as well be the other router.
    if through(endpoint, padding, DIRECT_SECONDS)["ok"]:
        return {"ok": True, "behind": behind, "own": True}
    if behind["kind"] == "large":
        return {"ok": True, "behind": behind}
    if exchange:
        hub = health(*address_of(endpoint), own_party, exchange)
        if not hub["ok"]:
            return {**hub, "exchange": True}
    return {**health(*address_of(endpoint), own_party, party), "behind": behind}
