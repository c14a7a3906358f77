"""Runs on the node: does the own nodemanager answer, which clustermanager does it report to, and is it on its list?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.clustermanager.v3.commands import meta, nodes
from fatecloud.components.nodemanager.standing import standing
from fatecloud.probing.dialing import readable

SECONDS, LIST_SECONDS = 6.0, 10.0
LEAD = "eggroll.resourcemanager.clustermanager."
OWN = "eggroll.resourcemanager.nodemanager."


def state(host: str, port: int, where: str) -> dict[str, Any]:
    """The nodemanager's own words first; then what the clustermanager that it reports to thinks of it.

    Args:
        host: of the nodemanager.
        port: of the nodemanager.
        where: it, as it is on the list.
    """
    found = meta(host, port, seconds=SECONDS)
    if not found["ok"]:
        return found
    manager_host, manager_port = (found["settings"].get(LEAD + key, "") for key in ("host", "port"))
    manager = f"{manager_host}:{manager_port}"
    own = [found["settings"].get(OWN + key, "") for key in ("host", "port")]
    known: dict[str, Any] = {"manager": manager, "registers": ":".join(own) if all(own) else "", "status": ""}
    if not manager_port.isdecimal():
        return {"ok": False, "kind": "foreign", "error": f"it names no clustermanager: {readable(manager)!r}"}
    listed = nodes(manager_host, int(manager_port), seconds=LIST_SECONDS)
    if not listed["ok"]:
        return {"ok": False, "kind": "manager", "error": listed["error"], **known}
    return standing(listed["nodes"], where, manager, known)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
