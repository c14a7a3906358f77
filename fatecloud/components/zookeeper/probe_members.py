"""Runs on the node: the state of the other members, as this one reaches them."""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.zookeeper.probe_state import state
from fatecloud.components.zookeeper.protocol import TIMEOUT
from fatecloud.probing.dialing import address_of, asked


def ask(_node: str, endpoint: str) -> dict[str, Any]:
    """What one other member answers."""
    return state(*address_of(endpoint))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asked(sys.argv[1:], ask, TIMEOUT * 2)) + "\n")
