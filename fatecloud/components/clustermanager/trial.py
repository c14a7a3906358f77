"""Runs on the clustermanager's node: starts an empty session, with an egg on each nodemanager, and ends it.

A job's eggs start in the same way. One that cannot start costs a job three minutes, and then the job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fatecloud.components.clustermanager.sessions import create, get, kill
from fatecloud.probing.dialing import connected

LIST_SECONDS, KILL_SECONDS, GET_SECONDS, GONE_SECONDS = 10.0, 15.0, 10.0, 15.0
NEW = "NEW"
MASTER = "roll_pair_master"
"""Kind of a process that a session of EggRoll 2.0 has beside its eggs."""
AFTER = KILL_SECONDS + GET_SECONDS + GONE_SECONDS
"""Seconds that the end of the session may take."""


def tried(host: str, port: int, session: str, seconds: float, nodes: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Start it and end it.

    Args:
        host: of the clustermanager.
        port: of it.
        session: an id that no other session has.
        seconds: within which all eggs have to be there.
        nodes: asks for the list of nodemanagers, in the words of a generation.

    Returns:
        `ok`, `error` and `seconds` of the start; `started` and `missing`: nodemanagers, as the clustermanager has them
        on its list; `left`: where eggs still listen; `not_ended`: why the session could not be ended.
    """
    listed = nodes(host, port, seconds=LIST_SECONDS)
    if not listed["ok"]:
        return {**listed, "started": [], "missing": [], "left": [], "seconds": 0.0}
    places = {node["id"]: node["where"] for node in listed["nodes"]}
    began = time.monotonic()
    made = create(host, port, session, seconds=seconds)
    if made["ok"] and made["status"] == NEW:
        # A loaded manager was seen to answer with all eggs, and the status of before.
        made = get(host, port, session, seconds=GET_SECONDS)
    took = time.monotonic() - began
    ended = kill(host, port, session, seconds=KILL_SECONDS)
    known = made if made["ok"] else get(host, port, session, seconds=GET_SECONDS)
    eggs = known.get("eggs", [])
    there = [egg for egg in eggs if egg["pid"]]
    missing = [places.get(egg["node"], f"nodemanager {egg['node']}") for egg in eggs if not egg["pid"]]
    well = made["ok"] and made["status"] == "ACTIVE" and bool(there) and not missing
    return {
        "ok": well,
        "error": "" if well else str(made.get("error") or f"the session is {made.get('status') or 'unknown'}"),
        "seconds": round(took, 1),
        "started": [places.get(egg["node"], f"nodemanager {egg['node']}") for egg in there if egg["kind"] != MASTER],
        "missing": missing,
        "left": [] if not ended["ok"] else _left(there),
        "not_ended": "" if ended["ok"] else str(ended["error"]),
    }


def _left(eggs: list[dict[str, Any]]) -> list[str]:
    """The eggs that still listen after a while."""
    until = time.monotonic() + GONE_SECONDS
    left = [f"{egg['host']}:{egg['port']}" for egg in eggs if egg["port"]]
    while True:
        left = [endpoint for endpoint in left if _listens(endpoint)]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.5)


def _listens(endpoint: str) -> bool:
    try:
        connected(endpoint, 2.0).close()
    except OSError:
        return False
    return True
