"""Runs on the node: what a clustermanager thinks of a nodemanager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def standing(nodes: Sequence[Mapping[str, Any]], where: str, manager: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """`ok` where it is on the list once, and healthy; else `unregistered`.

    Args:
        nodes: the list.
        where: the nodemanager, as it is to be there.
        manager: whose list it is.
        known: what the nodemanager itself has said, for the answer.
    """
    status = [node["status"] for node in nodes if node["where"] == where]
    found = {**known, "status": status[0] if status else "", "times": len(status)}
    if status == ["HEALTHY"]:
        return {"ok": True, **found}
    words = f"calls it {' and '.join(status)}" if status else f"does not know a nodemanager at {where}"
    return {"ok": False, "kind": "unregistered", "error": f"the clustermanager at {manager} {words}", **found}
