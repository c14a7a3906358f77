"""Runs on the node: commands of EggRoll 2 that change nothing. No manager shows its settings."""

from __future__ import annotations

from typing import Any

from fatecloud.components.clustermanager.commands import UNKNOWN, command, foreign, listed
from fatecloud.probing.grpc.wire import field, fields

NODES = "v1/cluster-manager/metadata/getServerNodes"
RESOURCE = "v1/node-manager/resouce/queryNodeResource"
"""EggRoll's own spelling."""
_UNREGISTERED = (1 << 64) - 1
"""-1, the id of a nodemanager until its clustermanager has given it one."""
_NO_COMMAND = "Failed to route to serviceName"


def nodes(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """The nodemanagers that a clustermanager has on its list, in `nodes`: where, and what it thinks of each."""
    answer, result = command(host, port, NODES, field(5, "NODE_MANAGER"), padding=padding, seconds=seconds)
    if not answer["ok"]:
        return answer
    try:
        return {"ok": True, "nodes": listed(result)}
    except (ValueError, TypeError, AttributeError) as error:
        return foreign(error)


def alive(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """Whether a manager answers, of either kind: it refuses a command that it does not have, from its memory."""
    answer, _ = command(host, port, UNKNOWN, padding=padding, seconds=seconds)
    if answer.get("status") == "INTERNAL" and _NO_COMMAND in answer["error"]:
        return {"ok": True}
    return foreign(ValueError("it knows the command")) if answer["ok"] else answer


def resource(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """What a nodemanager says of itself: `registered`, which is false until its clustermanager has given it an id."""
    answer, result = command(host, port, RESOURCE, padding=padding, seconds=seconds)
    if not answer["ok"]:
        return answer
    try:
        number = fields(result).get(1, [0])[0]
    except ValueError as error:
        return foreign(error)
    return {"ok": True, "registered": number not in (0, _UNREGISTERED)}
