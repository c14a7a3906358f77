"""Runs on the node: is the own OSX there, and does it pass what comes for its party on to the party's flow?

An exchange has no flow: it is asked for its own health alone.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.osx.messages import flow, health
from fatecloud.probing.sized import sized

LIMITS = (7.0, 2.0, 2.0)
HEALTH_SECONDS = 3.0


def state(host: str, port: int, party: str, *, has_flow: bool = True) -> dict[str, Any]:
    """`ok` where OSX works as this party's; `behind` is the flow's answer, which passes through it."""
    if not has_flow:
        return health(host, port, party, party, seconds=HEALTH_SECONDS)
    behind = sized(functools.partial(_through, host, port, party), PADDING, LIMITS)
    if behind["ok"]:
        return {"ok": True, "party": party, "behind": behind}
    if behind["kind"] in ("refused", "foreign", "name", "unreachable"):
        return behind
    return {**health(host, port, party, party, seconds=HEALTH_SECONDS), "behind": behind}


def _through(host: str, port: int, party: str, padding: int, seconds: float) -> dict[str, Any]:
    return flow(host, port, party, party, padding=padding, seconds=seconds)


if __name__ == "__main__":
    own, number, name, *more = sys.argv[1:]
    sys.stdout.write(json.dumps(state(own, int(number), name, has_flow=bool(more))) + "\n")
