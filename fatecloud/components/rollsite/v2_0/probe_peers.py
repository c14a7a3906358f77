"""Runs on the node: can the other parties' flows be reached from here, through both parties' rollsite?

The own rollsite does not say where the other one sends a packet. So that one is asked for its route first: where that
leads back to a rollsite, a packet would go round until one of them has no more threads.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.messages import NO_ROUTE
from fatecloud.components.rollsite.own_table import OwnTable, own_table
from fatecloud.components.rollsite.probe_peers import look, named
from fatecloud.components.rollsite.stale import ROUTE
from fatecloud.components.rollsite.v2_0.messages import flow, health, route
from fatecloud.components.router_questions import CONNECT_SECONDS, LIMITS, NAMED, way_to
from fatecloud.probing.dialing import address_of, connected, trouble


def ask(own: str, own_party: str, table: OwnTable, party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer; see `way_to`, and `probe_state` for why a rollsite that is not there is not asked."""
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    there = route(*address_of(endpoint), party, seconds=LIMITS[0])
    if there["ok"] and address_of(there["where"])[1] in (address_of(endpoint)[1], address_of(own)[1]):
        # Behind a translated address, or by way of a third one, it may be the other rollsite or the own one.
        back = f"its entry for party {party} leads to {there['where']}, which has the port of a rollsite"
        return {"ok": False, "kind": NO_ROUTE, "error": back, NAMED: ROUTE}
    # A later rollsite does not know the question, and ends what goes round.
    if not there["ok"] and there["kind"] != "foreign":
        return {**there, NAMED: ROUTE} if there["kind"] == NO_ROUTE else there
    found = way_to(own, own_party, {}, party, endpoint, flow=flow, health=health, padding=PADDING)
    return named(found, own_party, table, party, endpoint)


if __name__ == "__main__":
    own, own_party, conf, *pairs = sys.argv[1:]
    sys.stdout.write(json.dumps(look(own, own_party, own_table(conf), pairs, ask)) + "\n")
