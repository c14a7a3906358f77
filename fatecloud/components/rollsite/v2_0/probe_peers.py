"""Runs on the node: can the other parties' flows be reached from here, through both parties' rollsite?"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.v2_0.messages import flow, health
from fatecloud.components.router_questions import ALL_SECONDS, CONNECT_SECONDS, way_to
from fatecloud.probing.dialing import asked, connected, trouble


def ask(own: str, own_party: str, party: str, endpoint: str) -> dict[str, Any]:
    """One party's answer; see `way_to`, and `probe_state` for why a rollsite that is not there is not asked."""
    try:
        connected(endpoint, CONNECT_SECONDS).close()
    except OSError as error:
        return trouble(error, CONNECT_SECONDS)
    return way_to(own, own_party, {}, party, endpoint, flow=flow, health=health, padding=PADDING)


if __name__ == "__main__":
    own, own_party, *pairs = sys.argv[1:]
    sys.stdout.write(json.dumps(asked(pairs, functools.partial(ask, own, own_party), ALL_SECONDS)) + "\n")
