"""Runs on the node: EggRoll's commands, which managers take over gRPC: what its generations have in common."""

from __future__ import annotations

from typing import Any

from fatecloud.probing.dialing import readable
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

CALL = "/com.webank.eggroll.core.command.CommandService/call"
UNKNOWN = "v1/health/none"
"""A command that managers do not have: they refuse it at once, without asking their database."""
PADDING = 4000
"""Bytes: three Ethernet packets."""


def command(
    host: str, port: int, uri: str, argument: bytes = b"", *, padding: int = 0, seconds: float
) -> tuple[dict[str, Any], bytes]:
    """What a probe prints about a command (see `asked`), and its first result, which is empty if the manager sent none.

    Args:
        host: of the manager.
        port: of the manager.
        uri: of the command.
        argument: its only argument, a message.
        padding: bytes that make it longer, in a part that no manager reads (`kwargs`).
        seconds: time limit.
    """
    entry = field(1, "padding") + field(2, b"x" * padding)
    message = field(1, "fatecloud") + field(2, uri) + field(3, argument) + (field(4, entry) if padding else b"")
    answer, body = asked(host, port, CALL, message, timeout=seconds)
    if not answer["ok"]:
        return answer, b""
    try:
        result = fields(body).get(3, [b""])[0]
    except ValueError as error:
        return foreign(error), b""
    return answer, result if isinstance(result, bytes) else b""


def listed(cluster: bytes) -> list[dict[str, Any]]:
    """The nodemanagers in the message with which a clustermanager describes its cluster.

    Raises:
        ValueError: it is another message; likewise TypeError and AttributeError.
    """
    return [_node(node) for node in fields(cluster).get(3, [])]


def _node(message: bytes) -> dict[str, Any]:
    """One row of the list."""
    row = fields(message)
    endpoint = fields(row.get(4, [b""])[0])
    return {
        "id": row.get(1, [0])[0],
        "where": f"{text_of(endpoint.get(1, [b''])[0])}:{endpoint.get(2, [0])[0]}",
        "status": text_of(row.get(6, [b""])[0]),
        "resources": {
            text_of(resource.get(1, [b""])[0]): resource.get(2, [0])[0] for resource in map(fields, row.get(7, []))
        },
    }


def text_of(octets: bytes) -> str:
    """A text of a message, for people."""
    return readable(octets.decode("utf-8", "replace"))


def foreign(error: Exception) -> dict[str, Any]:
    """What a probe prints about an answer that no manager gives."""
    return {"ok": False, "kind": "foreign", "error": f"its answer is not a manager's: {readable(error)}"}
