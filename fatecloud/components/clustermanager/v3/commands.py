"""Runs on the node: commands of EggRoll 3 that change nothing."""

from __future__ import annotations

from typing import Any

from fatecloud.components.clustermanager.commands import command, foreign, listed, text_of
from fatecloud.probing.grpc.wire import field, fields

RESOURCES = "v1/cluster-manager/resource/queryClusterResourceInfo"
META = "v1/cluster-manager/manager/nodeMetaInfo"
"""Both kinds of managers answer this one."""
_PROCESSORS = field(1, "VCPU_CORE") + field(2, 1) + field(3, "cluster")


def nodes(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """The nodemanagers that a clustermanager has on its list, in `nodes`: where, and what it thinks of each."""
    answer, result = command(host, port, RESOURCES, _PROCESSORS, padding=padding, seconds=seconds)
    if not answer["ok"]:
        return answer
    try:
        cluster = fields(result).get(2, [b""])[0]
        return {"ok": True, "nodes": listed(cluster)}
    except (ValueError, TypeError, AttributeError) as error:
        return foreign(error)


def meta(host: str, port: int, *, padding: int = 0, seconds: float) -> dict[str, Any]:
    """The settings that a manager runs with and shows, in `settings`; no password is among them."""
    answer, result = command(host, port, META, padding=padding, seconds=seconds)
    if not answer["ok"]:
        return answer
    try:
        pairs = [fields(entry) for entry in fields(result).get(1, [])]
        settings = {text_of(pair[1][0]): text_of(pair.get(2, [b""])[0]) for pair in pairs}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return foreign(error)
    return {"ok": True, "settings": settings}
