"""Runs on the node: the own clustermanager's list of nodemanagers, which it reads in its database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fatecloud.components.clustermanager.commands import UNKNOWN, command

SECONDS, SHORT = 8.0, 3.0


def state(host: str, port: int, nodes: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The list; where it does not come, `database` if the process itself answers.

    EggRoll waits half a minute for a connection to its database, and commands that need none are answered meanwhile.

    Args:
        host: of the clustermanager.
        port: of it.
        nodes: asks for the list, in the words of a generation.
    """
    found = nodes(host, port, seconds=SECONDS)
    if found["ok"] or found["kind"] not in ("unanswered", "status"):
        return found
    alive, _ = command(host, port, UNKNOWN, seconds=SHORT)
    if alive.get("status") != "INTERNAL":
        return found
    return {"ok": False, "kind": "database", "error": f"it answers, but not from its database: {found['error']}"}
