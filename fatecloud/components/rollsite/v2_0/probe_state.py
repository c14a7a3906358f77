"""Runs on the node: is the own rollsite there, and does it pass what comes for its party on to the party's flow?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.rollsite.own_table import FLOW, OwnTable, own_table
from fatecloud.components.rollsite.probe_state import asked_past, explained
from fatecloud.components.rollsite.v2_0.messages import flow, health


def state(host: str, port: int, party: str, upstream: str, table: OwnTable) -> dict[str, Any]:
    """See `own_state`; `upstream` is where its flow listens, `table` the one that rollsite reads."""
    wrong = table.wrong([(party, FLOW, upstream)])
    found = asked_past(host, port, party, upstream, flow=flow, health=health)
    return explained(found, wrong, party, upstream, table)


if __name__ == "__main__":
    own, number, name, its_flow, conf = sys.argv[1:]
    sys.stdout.write(json.dumps(state(own, int(number), name, its_flow, own_table(conf))) + "\n")
