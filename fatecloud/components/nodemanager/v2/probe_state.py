"""Runs on the node: does the own nodemanager answer, and is it on the list of its party's clustermanager?

It does not say to which clustermanager it reports, only whether one has given it an id.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.clustermanager.v2.commands import nodes, resource
from fatecloud.components.nodemanager.standing import standing
from fatecloud.probing.dialing import address_of

SECONDS, LIST_SECONDS = 6.0, 10.0


def state(host: str, port: int, where: str, manager: str) -> dict[str, Any]:
    """The nodemanager first, then what the party's clustermanager thinks of it.

    Args:
        host: of the nodemanager.
        port: of the nodemanager.
        where: it, as it is on the list.
        manager: the clustermanager.
    """
    found = resource(host, port, seconds=SECONDS)
    if not found["ok"]:
        return found
    known = {"registered": found["registered"], "status": ""}
    listed = nodes(*address_of(manager), seconds=LIST_SECONDS)
    if not listed["ok"]:
        return {"ok": False, "kind": "manager", "error": listed["error"], **known}
    return standing(listed["nodes"], where, manager, known)


if __name__ == "__main__":
    host, port, where, manager = sys.argv[1:]
    sys.stdout.write(json.dumps(state(host, int(port), where, manager)) + "\n")
