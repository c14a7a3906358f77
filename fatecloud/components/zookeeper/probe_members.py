"""Runs on the node: the state of the other members, as this one reaches them."""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.zookeeper.probe_state import state
from fatecloud.components.zookeeper.protocol import TIMEOUT, words
from fatecloud.probing.dialing import address_of, asked, trouble
from fatecloud.probing.sized import sized

FIGURES_LENGTH = 2000
"""Bytes that a member's figures have at least: versions from 3.6 on name more than a hundred of them."""


def ask(_node: str, endpoint: str) -> dict[str, Any]:
    """What one other member answers to a question with an answer of several KiB, else to a short one."""
    return sized(functools.partial(state_of, *address_of(endpoint)), FIGURES_LENGTH, (TIMEOUT, TIMEOUT, TIMEOUT))


def state_of(host: str, port: int, length: int, _seconds: float) -> dict[str, Any]:
    """The state of a member; with its figures where the answer is to be long."""
    found = state(host, port)
    if not found["ok"] or not length:
        return found
    try:
        words(host, port, "mntr")
    except OSError as error:
        return trouble(error, TIMEOUT, "silent")
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asked(sys.argv[1:], ask, TIMEOUT * 4)) + "\n")
