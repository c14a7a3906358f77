"""Runs on the node: EggRoll's commands about one session. The first two change something: a smoke test gives them."""

from __future__ import annotations

from typing import Any

from fatecloud.components.clustermanager.commands import command, foreign, text_of
from fatecloud.probing.grpc.wire import field, fields

CREATE = "v1/cluster-manager/session/getOrCreateSession"
KILL = "v1/cluster-manager/session/killSession"
GET = "v1/cluster-manager/session/getSession"
"""About a session that has not started yet, it answers when that has."""
_PER_NODE = "eggroll.session.processors.per.node"
_NEGATIVE = 1 << 31


def create(host: str, port: int, session: str, *, seconds: float) -> dict[str, Any]:
    """Start a session of one egg on each nodemanager, and wait for all of them; see `_session`.

    Args:
        host: of the clustermanager, as for the others.
        port: of it.
        session: its id.
        seconds: time limit.
    """
    one_egg = field(1, _PER_NODE) + field(2, "1")
    message = field(1, session) + field(2, session) + field(6, one_egg)
    return _session(*command(host, port, CREATE, message, seconds=seconds))


def kill(host: str, port: int, session: str, *, seconds: float) -> dict[str, Any]:
    """End a session and its eggs."""
    return _session(*command(host, port, KILL, field(1, session), seconds=seconds))


def get(host: str, port: int, session: str, *, seconds: float) -> dict[str, Any]:
    """Read a session that has started, or has ended."""
    return _session(*command(host, port, GET, field(1, session), seconds=seconds))


def _session(answer: dict[str, Any], message: bytes) -> dict[str, Any]:
    """What the clustermanager says of a session: `status`, and `eggs`."""
    if not answer["ok"]:
        return answer
    try:
        row = fields(message)
        return {"ok": True, "status": text_of(row.get(3, [b""])[0]), "eggs": [_egg(egg) for egg in row.get(5, [])]}
    except (ValueError, TypeError, AttributeError) as error:
        return foreign(error)


def _egg(message: bytes) -> dict[str, Any]:
    """One egg: the id of its nodemanager, its kind, its process (0 until it has reported), and where it listens."""
    row = fields(message)
    endpoint = fields(row.get(6, [b""])[0])
    pid = int(row.get(9, [0])[0])
    return {
        "node": row.get(2, [0])[0],
        "kind": text_of(row.get(4, [b""])[0]),
        "status": text_of(row.get(5, [b""])[0]),
        # It says -1 of one that has not started.
        "pid": pid if pid < _NEGATIVE else 0,
        "host": text_of(endpoint.get(1, [b""])[0]),
        "port": int(endpoint.get(2, [0])[0]),
    }
