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
COMPONENTS, SERVICES = "/FATE-COMPONENTS", "/FATE-SERVICES"


def listed(host: str, port: int, login: tuple[str, str] | None, paths: tuple[str, ...]) -> dict[str, Any]:
    """`found`: path -> addresses at which processes registered there.

    Args:
        host: of a member of the ensemble.
        port: of it.
        login: account and password; None where the tree is open.
        paths: of services below `/FATE-SERVICES` (`serving/online/publishLoad`), or absolute ones of components.
    """
    try:
        session = Session(host, port)
        try:
            if login:
                session.login(*login)
            found = {path: _addresses(session, path) for path in paths}
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
    return {"ok": True, "found": found}


def _addresses(session: Session, path: str) -> list[str]:
    place = path if path.startswith("/") else f"{SERVICES}/{path}/providers"
    try:
        names = session.children(place)
    except Refused as error:
        if error.args != (GONE,):
            raise
        return []
    return sorted({address(name) for name in names})


def address(name: str) -> str:
    """`10.0.0.1:8000` of a leaf; one without an address has none, for a process that found no address of its own."""
    text = unquote(name)
    return text.partition("://")[2].partition("/")[0] if "://" in text else text
