"""Runs on the node: can the other parties' flows be reached from here, through both parties' rollsite?

Where not, the other rollsite is asked directly: first with the same question, and where it does not pass that on
either, with a ping.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.messages import NO_ROUTE, failed_at, flow, health
from fatecloud.components.rollsite.own_table import FLOW, OwnTable, own_table
from fatecloud.components.rollsite.stale import ROUTE, held_back, named_stale
from fatecloud.components.router_questions import ALL_SECONDS, CONNECT_SECONDS, NAMED, way_to
from fatecloud.probing.dialing import address_of, asked, connected, trouble
from fatecloud.probing.grpc.own_tls import TLS, own_tls


def ask(own: str, own_party: str, table: OwnTable, party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer; see `way_to`, and `probe_state` for why a rollsite that is not there is not asked.

    `named` says what a check of rollsite's own is about: a connection that it holds back, a table at the other side, or
    a flow with another API.
    """
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    ways = {"flow": beyond(own, table, flow), "health": beyond(own, table, health)}
    found = way_to(own, own_party, {}, party, endpoint, padding=PADDING, **ways)
    return named(found, own_party, table, party, endpoint)


def named(found: dict[str, Any], own_party: str, table: OwnTable, party: str, endpoint: str) -> dict[str, Any]:
    """An answer of `way_to`, with `named` where it is for a check of rollsite's own. Arguments as for `ask`."""
    behind = found.get("behind", {})
    if found.get("own"):
        stale = held_back(behind) and table.leads(party, FLOW) == endpoint
        return named_stale(found) if stale else found
    if found.get("kind") == TLS:
        return {**found, NAMED: TLS}
    theirs = behind.get("kind") == NO_ROUTE and failed_at(str(behind.get("error"))) not in ("", own_party)
    # What was asked past the own rollsite is the other one's answer.
    return {**found, NAMED: ROUTE} if theirs or found.get("kind") == NO_ROUTE else found


def beyond(own: str, table: OwnTable, question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A question that is asked over TLS, as rollsite itself would, where it goes to any other than the own one."""

    def asking(host: str, port: int, *about: Any, **more: Any) -> dict[str, Any]:
        if not table.files or (host, port) == address_of(own):
            return question(host, port, *about, **more)
        return question(host, port, *about, tls=own_tls(table.files), **more)

    return asking


def look(
    own: str, own_party: str, table: OwnTable, pairs: list[str], question: Callable[..., dict[str, Any]] = ask
) -> dict[str, Any]:
    """All parties' answers; `table` says what of their entries leads elsewhere than it should.

    Args:
        own: the own rollsite.
        own_party: who asks.
        table: the one that it reads.
        pairs: `party=host:port` of each other party.
        question: the `ask` of a generation.
    """
    found = asked(pairs, functools.partial(question, own, own_party, table), ALL_SECONDS)
    known = [pair.split("=", 1) for pair in pairs]
    wrong = table.wrong([(party, FLOW, where) for party, where in known])
    wrong += [f"what is for party {party} goes out without TLS" for party, _ in known if table.in_plaintext(party)]
    return {**found, "table": wrong} if wrong else found


if __name__ == "__main__":
    own, own_party, conf, *pairs = sys.argv[1:]
    sys.stdout.write(json.dumps(look(own, own_party, own_table(conf), pairs)) + "\n")
