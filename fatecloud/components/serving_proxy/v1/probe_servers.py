"""Runs on the node: do the own party's servers answer the proxy's node?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.serving_server.messages import PADDING, old_server
from fatecloud.probing.dialing import address_of, asked
from fatecloud.probing.sized import sized

LIMITS = (6.0, 3.0, 3.0)


def ask(_node: str, endpoint: str) -> dict[str, Any]:
    """One server's answer."""

    def question(padding: int, seconds: float) -> dict[str, Any]:
        return old_server(*address_of(endpoint), padding=padding, seconds=seconds)

    return sized(question, PADDING, LIMITS)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asked(sys.argv[1:], ask, sum(LIMITS) + 2)) + "\n")
