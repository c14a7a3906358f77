"""Runs on the node: can the other parties' flows be reached from here, through both parties' OSX?

Where not, the other OSX is asked directly, or the exchange before it: first with the same command, and where it does
not pass that on either, for its health.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.osx.messages import flow, health
from fatecloud.components.router_questions import ALL_SECONDS, way_to
from fatecloud.probing.dialing import asked


def ask(own: str, own_party: str, exchanges: Mapping[str, str], party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer; see `way_to`."""
    return way_to(own, own_party, exchanges, party, endpoint, flow=flow, health=health, padding=PADDING)


if __name__ == "__main__":
    own, own_party, hubs, *pairs = sys.argv[1:]
    exchanges = dict(hub.split("=", 1) for hub in hubs.split(",") if hub)
    sys.stdout.write(json.dumps(asked(pairs, functools.partial(ask, own, own_party, exchanges), ALL_SECONDS)) + "\n")
