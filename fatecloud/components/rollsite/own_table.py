"""Runs on the node: the table of routes that rollsite reads, looked up as rollsite does, and its own address."""

from __future__ import annotations

import json
from typing import Any

from fatecloud.probing.properties import settings

DEFAULT, FLOW = "default", "fateflow"
_LEAD = "eggroll.rollsite."
_FILES = tuple(f"eggroll.core.security.client.{name}.path" for name in ("ca.crt", "crt", "key"))
_MOST = 4 << 20
"""Bytes of a table."""


class OwnTable:
    """A table.

    Args:
        own: `host:port` by which rollsite knows itself; empty where its settings cannot be read.
        parties: the table; None where it cannot be read, as before a deploy.
        files: CA, certificate and key with which it reaches other parties over TLS; empty for plaintext.
    """

    def __init__(self, own: str = "", parties: Any = None, files: tuple[str, ...] = ()) -> None:
        self.own, self._parties, self.files = own, parties, files

    @property
    def known(self) -> bool:
        """Whether there is a table to look up in."""
        return bool(self.own) and isinstance(self._parties, dict)

    def leads(self, party: str, role: str) -> str:
        """Where what is for a role of a party goes: `host:port`; empty where rollsite would find nothing."""
        try:
            roles = self._parties[party if party in self._parties else DEFAULT]
            # Of several endpoints it takes the first.
            first = roles[role if role in roles else DEFAULT][0]
            # It takes no port that is a text, and fails.
            port = first["port"] if isinstance(first["port"], int) else json.dumps(first["port"])
            return _where(str(first["ip"]), port)
        except (KeyError, IndexError, TypeError):
            return ""

    def in_plaintext(self, party: str) -> bool:
        """Whether rollsite has certificates, and the party's entry does not ask for them: this one says so for all."""
        try:
            roles = self._parties[party if party in self._parties else DEFAULT]
            return bool(self.files) and roles[DEFAULT][0].get("is_secure") is not True
        except (KeyError, IndexError, TypeError, AttributeError):
            return False

    def wrong(self, wanted: list[tuple[str, str, str]]) -> list[str]:
        """What leads elsewhere than it should, for people; nothing where the table is not known.

        Args:
            wanted: party, role, and where what is for them has to go.
        """
        if not self.known:
            return []
        return [
            f"what is for {role} of party {name} goes to {self.leads(name, role) or 'no address'}, not to {where}"
            for name, role, where in wanted
            if self.leads(name, role) != where
        ]


def own_table(path: str) -> OwnTable:
    """The table that rollsite's settings name; one that is not known where it cannot be read.

    Args:
        path: of the settings.
    """
    try:
        own = settings(path)
        where = _where(own[f"{_LEAD}host"], own[f"{_LEAD}port"])
        with open(own[f"{_LEAD}route.table.path"], "rb") as file:
            parties = json.loads(file.read(_MOST).decode("utf-8", "replace"))["route_table"]
        return OwnTable(where, parties, tuple(own[name] for name in _FILES) if _FILES[0] in own else ())
    except (OSError, KeyError, TypeError, ValueError):
        return OwnTable()


def _where(host: str, port: object) -> str:
    """As endpoints are written: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
