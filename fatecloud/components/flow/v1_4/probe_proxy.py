"""Runs on flow's node: can the party's own rollsite be reached from here, and does it work for this party?"""

from __future__ import annotations

import json
import sys

from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.rollsite.v2_0.messages import flow, health
from fatecloud.components.router_questions import own_state

if __name__ == "__main__":
    host, port, party = sys.argv[1:]
    answer = own_state(host, int(port), party, flow=flow, health=health, padding=PADDING)
    sys.stdout.write(json.dumps(answer) + "\n")
