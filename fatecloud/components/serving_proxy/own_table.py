"""Runs on the node: the table of routes that the own proxy reads, every ten seconds, from its file.

Its own answer to a question for the table (`queryRouter`) is read from the file as well, see `RouterTableUtils`, and so
shows no more than that.
"""

from __future__ import annotations

import json
from typing import Any

from fatecloud.probing.dialing import readable

DEFAULT = "default"
_MOST = 4 << 20
"""Bytes of a table."""


def own_table(path: str) -> dict[str, Any]:
    """The document: `routes`, and those of them that go out over TLS in `encrypted`; and whether it allows all.

    It has a `kind` where the proxy cannot read it and keeps an older one.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST + 1)
    except OSError as error:
        return {"ok": False, "kind": "file", "error": f"{path}: {error.strerror}"}
    if len(text) > _MOST:
        return {"ok": False, "kind": "form", "error": f"{path} has more than {_MOST >> 20} MiB"}
    try:
        found = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        return {"ok": False, "kind": "json", "error": f"{path} is not JSON: {readable(error)}"}
    try:
        parties = [(readable(party), roles) for party, roles in found["route_table"].items()]
        routes = {party: _roles(roles) for party, roles in parties}
        encrypted = {party: _roles(roles, encrypted=True) for party, roles in parties}
        allowed = found["permission"].get("default_allow", False) is True and not found["permission"].get("deny")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return {"ok": False, "kind": "form", "error": f"{path} is not a table of Serving's: {readable(error)}"}
    return {"ok": True, "routes": routes, "encrypted": encrypted, "allowed": allowed}


def leads(routes: dict[str, dict[str, list[str]]], party: str, role: str) -> list[str]:
    """Where what is for a role of a party goes, see `ConfigFileBasedServingRouter`: `host:port`, or nowhere."""
    roles = routes.get(party, routes.get(DEFAULT, {}))
    return roles.get(role, roles.get(DEFAULT, []))


def is_here(where: str, itself: list[str]) -> bool:
    """Whether a packet that goes there comes back: the proxy listens on all addresses, and so on all of loopback.

    Args:
        where: `host:port`.
        itself: under which addresses others reach this proxy.
    """
    host, _, port = where.rpartition(":")
    loopback = host.startswith("127.") or host in ("localhost", "[::1]")
    return where in itself or (loopback and port in {own.rpartition(":")[2] for own in itself})


def _roles(roles: dict[str, Any], *, encrypted: bool = False) -> dict[str, list[str]]:
    """Where the roles of a party lead; `encrypted` for those ends alone that are reached over TLS."""
    # The admin's page writes these two beside the roles.
    names = [name for name in roles if name not in ("createTime", "updateTime")]
    return {
        readable(name): [_where(one) for one in roles[name] if _is_encrypted(one) or not encrypted] for name in names
    }


def _is_encrypted(entry: dict[str, Any]) -> bool:
    """Where one of these is missing, the proxy sends plaintext and says nothing, see `GrpcConnectionPool`."""
    files = ("certChainFile", "privateKeyFile", "caFile")
    # A text counts as well as a boolean.
    asked = str(entry.get("useSSL", "")).lower() == "true" and entry.get("negotiationType") == "TLS"
    return asked and all(str(entry.get(name, "")).strip() for name in files)


def _where(entry: dict[str, Any]) -> str:
    """As endpoints are written: an IPv6 address in brackets. Where there is an address, the host's name is left out."""
    host = readable(entry.get("ip") or entry.get("hostname") or "")
    return f"[{host}]:{int(entry['port'])}" if ":" in host else f"{host}:{int(entry['port'])}"
