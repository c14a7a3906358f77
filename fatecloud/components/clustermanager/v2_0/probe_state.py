"""Runs on the node: the own clustermanager's list of nodemanagers."""

from __future__ import annotations

import json
import sys

from fatecloud.components.clustermanager.manager_state import state
from fatecloud.components.clustermanager.v2.commands import nodes

if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]), nodes)) + "\n")
