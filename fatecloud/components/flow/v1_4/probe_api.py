"""Runs on the node: is flow's API alive, and does it reach its database?"""

from __future__ import annotations

import json
import sys

from fatecloud.components.flow.v1.probe_api import judge
from fatecloud.components.flow.v1_4.states import NOTHING

if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), nothing=NOTHING)) + "\n")
