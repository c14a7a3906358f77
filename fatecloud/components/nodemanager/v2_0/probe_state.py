"""Runs on the node: does the own nodemanager answer, and is it on the list of its party's clustermanager?

It reports to no one: the list is the deployed one.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.clustermanager.v2.commands import nodes
from fatecloud.components.clustermanager.v2_0.commands import worker
from fatecloud.components.nodemanager.standing import standing
from fatecloud.probing.dialing import address_of

SECONDS, LIST_SECONDS = 6.0, 10.0


def state(host: str, port: int, where: str, manager: str) -> dict[str, Any]:
    """The nodemanager first, then what the party's clustermanager has of it.

    Args:
        host: of the nodemanager.
        port: of the nodemanager.
        where: it, as it is on the list.
        manager: the clustermanager.
    """
    found = worker(host, port, seconds=SECONDS)
    if not found["ok"]:
        return found
    listed = nodes(*address_of(manager), seconds=LIST_SECONDS)
    if not listed["ok"]:
        return {"ok": False, "kind": "manager", "error": listed["error"], "status": ""}
    return standing(listed["nodes"], where, manager, {"status": ""})


if __name__ == "__main__":
    host, port, where, manager = sys.argv[1:]
    sys.stdout.write(json.dumps(state(host, int(port), where, manager)) + "\n")
