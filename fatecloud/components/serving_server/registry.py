"""Runs on the node: what is registered in ZooKeeper, by which Serving's processes find each other.

The names of the leaves say it, see `toUrlPath` in FATE-Serving's `ZookeeperRegistry`; their parents stay when a process
is gone.
"""

from __future__ import annotations

import struct
from typing import Any
from urllib.parse import unquote

from fatecloud.components.zookeeper.protocol import GONE, NO_AUTH, TIMEOUT, Refused, Session
from fatecloud.probing.dialing import trouble

SERVER, PROXY = "serving/online/publishLoad", "proxy/online/unaryCall"
"""What every server and every proxy registers at its start, whatever models it has."""
BOUND, HOSTED = "serving/*/inference", "serving/*/unaryCall"
"""What a server registers for each service id that is bound, and for each part of a host; see `loaded.names`."""
ENVIRONMENTS = 500
"""Names that are looked at in the place of a star. They stay when no one answers to them any more."""
COMPONENTS, SERVICES = "/FATE-COMPONENTS", "/FATE-SERVICES"
_OWN = "online"
"""In the place of a name: what each server offers, whatever it has loaded."""


def listed(host: str, port: int, login: tuple[str, str] | None, paths: tuple[str, ...]) -> dict[str, Any]:
    """`found`: path -> addresses at which processes registered there. `left_out`: names that were too many to look at.

    Args:
        host: of a member of the ensemble.
        port: of it.
        login: account and password; None where the tree is open.
        paths: of services below `/FATE-SERVICES` (`serving/online/publishLoad`), or absolute ones of components. A star
            stands for each name there that is not of all servers, and has the service.
    """
    try:
        session = Session(host, port)
        try:
            if login:
                session.login(*login)
            found = {path: _addresses(session, path) for path in paths if "*" not in path}
            starred, left_out = _environments(session, [path for path in paths if "*" in path])
        finally:
            session.close()
    except Refused as error:
        # Not `refused`, which is for a port.
        if error.args == (NO_AUTH,):
            return {"ok": False, "kind": "rights", "error": "its account may not read the tree"}
        return {"ok": False, "kind": "code", "error": f"error {error}"}
    except OSError as error:
        return trouble(error, TIMEOUT, "silent")
    except (ValueError, struct.error) as error:
        return {"ok": False, "kind": "foreign", "error": f"not ZooKeeper: {error}"}
    return {"ok": True, "found": {**found, **starred}, "left_out": left_out}


def _environments(session: Session, paths: list[str]) -> tuple[dict[str, list[str]], int]:
    """The same for paths with a star. Their parents stay when no process is there any more."""
    found, left_out = {}, 0
    for project in sorted({path.partition("/*/")[0] for path in paths}):
        names = sorted({*_children(session, f"{SERVICES}/{project}")} - {_OWN})
        left_out += max(0, len(names) - ENVIRONMENTS)
        wanted = [path.partition("/*/")[2] for path in paths if path.startswith(f"{project}/*/")]
        for name in names[:ENVIRONMENTS]:
            there = _children(session, f"{SERVICES}/{project}/{name}")
            for service in (one for one in wanted if one in there):
                path = f"{project}/{name}/{service}"
                found[path] = _addresses(session, path)
    return found, left_out


def _addresses(session: Session, path: str) -> list[str]:
    place = path if path.startswith("/") else f"{SERVICES}/{path}/providers"
    return sorted({address(name) for name in _children(session, place)})


def _children(session: Session, place: str) -> list[str]:
    """None of a place that is not there."""
    try:
        return session.children(place)
    except Refused as error:
        if error.args != (GONE,):
            raise
        return []


def address(name: str) -> str:
    """`10.0.0.1:8000` of a leaf; one without an address has none, for a process that found no address of its own."""
    text = unquote(name)
    return text.partition("://")[2].partition("/")[0] if "://" in text else text
