"""Runs on the node: can the other parties' flows be reached from here, through both parties' rollsite?

Where not, the other rollsite is asked directly: first with the same question, and where it does not pass that on
either, with a ping.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.flow.v1.version_question import OTHER_API, PADDING
from fatecloud.components.rollsite.messages import NO_ROUTE, failed_at, flow, health
from fatecloud.components.rollsite.own_table import FLOW, OwnTable, own_table
from fatecloud.components.rollsite.stale import NAMED, ROUTE, VERSION, held_back, named_stale
from fatecloud.components.router_questions import ALL_SECONDS, CONNECT_SECONDS, way_to
from fatecloud.probing.dialing import asked, connected, trouble


def ask(own: str, own_party: str, table: OwnTable, party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer; see `way_to`, and `probe_state` for why a rollsite that is not there is not asked.

    `named` says what a check of rollsite's own is about: a connection that it holds back, a table at the other side, or
    a flow with another API.
    """
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    found = way_to(own, own_party, {}, party, endpoint, flow=flow, health=health, padding=PADDING)
    behind = found.get("behind", {})
    if found.get("own"):
        stale = held_back(behind) and table.leads(party, FLOW) == endpoint
        return named_stale(found) if stale else found
    if behind.get("kind") == OTHER_API:
        return {"ok": True, "behind": behind, NAMED: VERSION}
    theirs = behind.get("kind") == NO_ROUTE and failed_at(str(behind.get("error"))) not in ("", own_party)
    # What was asked past the own rollsite is the other one's answer.
    return {**found, NAMED: ROUTE} if theirs or found.get("kind") == NO_ROUTE else found


def look(own: str, own_party: str, table: OwnTable, pairs: list[str]) -> dict[str, Any]:
    """All parties' answers; `table` says what of their entries leads elsewhere than it should.

    Args:
        own: the own rollsite.
        own_party: who asks.
        table: the one that it reads.
        pairs: `party=host:port` of each other party.
    """
    found = asked(pairs, functools.partial(ask, own, own_party, table), ALL_SECONDS)
    wrong = table.wrong([(party, FLOW, where) for party, where in (pair.split("=", 1) for pair in pairs)])
    return {**found, "table": wrong} if wrong else found


if __name__ == "__main__":
    own, own_party, conf, *pairs = sys.argv[1:]
    sys.stdout.write(json.dumps(look(own, own_party, own_table(conf), pairs)) + "\n")
