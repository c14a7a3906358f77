"""Runs on the node of a proxy: does a party's server answer through it?"""

from __future__ import annotations

import json
import sys

from fatecloud.components.serving_server.messages import party
from fatecloud.probing.dialing import address_of

SECONDS = 12.0

if __name__ == "__main__":
    own, own_party, other, part = sys.argv[1:]
    answer = party(*address_of(own), own_party, other, old=part == "v1", seconds=SECONDS)
    sys.stdout.write(json.dumps(answer) + "\n")
