"""Runs on the node: is the own rollsite there, and does it pass what comes for its party on to the party's flow?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.v2_0.messages import flow, health
from fatecloud.components.router_questions import CONNECT_SECONDS, own_state
from fatecloud.probing.dialing import connected, trouble


def state(host: str, port: int, party: str, upstream: str) -> dict[str, Any]:
    """See `own_state`; `upstream` is where its flow listens.

    Rollsite keeps a connection that failed, and tries it again after up to two minutes. So while its flow is not there,
    it is asked for nothing that would make it connect.
    """
    try:
        connected(upstream, CONNECT_SECONDS).close()
    except OSError as error:
        return {**health(host, port, party, party), "behind": trouble(error, CONNECT_SECONDS)}
    return own_state(host, port, party, flow=flow, health=health, padding=PADDING)


if __name__ == "__main__":
    own, number, name, its_flow = sys.argv[1:]
    sys.stdout.write(json.dumps(state(own, int(number), name, its_flow)) + "\n")
