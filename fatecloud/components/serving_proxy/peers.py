"""Runs on the node: can the other parties' servers be reached from here, through both parties' proxies?

Where not, the other proxy itself is asked, directly, which says where on the way it fails.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from typing import Any

from fatecloud.components.serving_proxy.own_table import is_here, leads, own_table
from fatecloud.components.serving_server.messages import PADDING, party, proxy
from fatecloud.probing.dialing import address_of, asked, connected, trouble
from fatecloud.probing.grpc.own_tls import TLS, own_tls
from fatecloud.probing.sized import sized

CONNECT_SECONDS, AGAIN_SECONDS = 3.0, 1.0
TRIES, TRYING_SECONDS = 5, 5.0
"""Requests where a server behind the other proxy does not answer, and the seconds after which none is sent any more:
for a model that no server has it takes any server of its table (`BaseServingRouter` in FATE-Serving), and of several
one may be down."""
LIMITS = (7.0, 3.0, 3.0)
DIRECT = (3.0, 2.0, 2.0)
ALL_SECONDS = 22.0
LARGE = "large"
"""What `sized` calls it."""
ROLE = "host"
"""Of the party that a packet is for."""


ASTRAY = "its own table of routes sends it back to this proxy"


def ask(
    own: str,
    own_party: str,
    numbers: dict[str, str],
    name: str,
    endpoint: str,
    *,
    old: bool = False,
    looped: frozenset[str] = frozenset(),
    files: tuple[str, ...] = (),
) -> dict[str, Any]:
    """One party's answer: `behind` is what comes back through the own proxy, from the other party's server.

    A party whose packets the own proxy sends to itself (`looped`) is not asked: each would take all of its threads.

    The other proxy is asked over TLS where the own one has `files` for it, see `own_tls`; `named` says that no
    handshake came about. `own` is true where that server answers without the own proxy, and not through it. A proxy
    that is not there is not asked for anything that makes the own one connect: each failure doubles the time until it
    tries again.
    """
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)

    if numbers[name] in looped:
        return {"ok": True, "behind": {"ok": False, "kind": "route", "error": ASTRAY, "hop": ""}}

    def through(padding: int, seconds: float) -> dict[str, Any]:
        return party(*address_of(own), own_party, numbers[name], old=old, padding=padding, seconds=seconds)

    def direct(padding: int, seconds: float) -> dict[str, Any]:
        return proxy(*address_of(endpoint), padding=padding, seconds=seconds, tls=own_tls(files))

    began = time.monotonic()
    behind = sized(through, PADDING, LIMITS)
    if behind.get("kind") in ("code", "foreign", "hop"):
        # The first request after a start may fail, also where both proxies and the server have said that they work.
        time.sleep(AGAIN_SECONDS)
        behind = through(PADDING, LIMITS[0])
    tried = 2
    while behind.get("kind") == "hop" and tried < TRIES and time.monotonic() < began + TRYING_SECONDS:
        behind, tried = through(PADDING, LIMITS[0]), tried + 1
    if behind["ok"]:
        return {"ok": True, "behind": behind}
    more: dict[str, Any] = {"old": old, "padding": PADDING, "seconds": DIRECT[0], "tls": own_tls(files)}
    past = party(*address_of(endpoint), own_party, numbers[name], **more)
    if past["ok"]:
        return {"ok": True, "behind": behind, "own": True}
    if past.get("kind") == TLS:
        return {**past, "behind": behind, "named": TLS}
    alone = sized(direct, PADDING, DIRECT)
    # The own proxy says only that no answer came, also to short packets: they wait behind the long ones that are lost.
    return {"ok": True, "behind": alone} if alone.get("kind") == LARGE else {**alone, "behind": behind}


def main(arguments: list[str], *, old: bool = False) -> None:
    """Print what the parties answer; `old` where they are of Serving 1."""
    own, own_party, numbers, table, itself, trust, *pairs = arguments
    files = tuple(filter(None, trust.split(",")))
    known = dict(pair.split("=", 1) for pair in numbers.split(",") if pair)
    routes = own_table(table).get("routes", {})
    here = itself.split(",")
    looped = frozenset(p for p in known.values() if any(is_here(where, here) for where in leads(routes, p, ROLE)))
    question = functools.partial(ask, own, own_party, known, old=old, looped=looped, files=files)
    found = asked(pairs, question, ALL_SECONDS)
    sys.stdout.write(json.dumps(found) + "\n")
