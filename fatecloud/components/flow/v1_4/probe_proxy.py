"""Runs on flow's node: can the party's own rollsite be reached from here, and does it work for this party?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.v2_0.messages import SECONDS, flow, health, route
from fatecloud.components.router_questions import own_state
from fatecloud.probing.dialing import address_of


def state(host: str, port: int, party: str, own: int) -> dict[str, Any]:
    """See `own_state`.

    Args:
        host: of the rollsite.
        port: of it.
        party: its own.
        own: port of the flow, to which its entry for the party leads.
    """
    way = route(host, port, party, seconds=SECONDS)
    if way["ok"] and address_of(way["where"])[1] == port != own:
        # From another node, the addresses of rollsite's own are not known; a packet to one goes round without end.
        back = f"its entry for party {party} leads to {way['where']}, which has the port of a rollsite"
        return {"ok": False, "kind": "party", "error": back}
    return own_state(host, port, party, flow=flow, health=health, padding=PADDING)


if __name__ == "__main__":
    rollsite, number, name, its_own = sys.argv[1:]
    sys.stdout.write(json.dumps(state(rollsite, int(number), name, int(its_own))) + "\n")
