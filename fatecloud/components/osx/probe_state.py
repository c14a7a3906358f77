"""Runs on the node: is the own OSX there, and does it pass what comes for its party on to the party's flow?

An exchange has no flow: it is asked for its own health alone.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.osx.messages import flow, health
from fatecloud.components.router_questions import own_state


def state(host: str, port: int, party: str, *, has_flow: bool = True) -> dict[str, Any]:
    """See `own_state`."""
    if not has_flow:
        return health(host, port, party, party)
    return own_state(host, port, party, flow=flow, health=health, padding=PADDING)


if __name__ == "__main__":
    own, number, name, *more = sys.argv[1:]
    sys.stdout.write(json.dumps(state(own, int(number), name, has_flow=bool(more))) + "\n")
