"""Connections to the nodes of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fatecloud.model.node import Node
from fatecloud.transport import CONNECT_TIMEOUT, Transport, connect
from fatecloud.workflow.logins import Logins


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection needs beside its node."""

    known_hosts: Path
    """Host keys of the cluster's nodes, private to it."""
    accept_new: bool
    """Whether an unknown host key is taken and noted."""
    logins: Logins

    def connect(self, node: Node, seconds: float = CONNECT_TIMEOUT) -> Transport:
        """Open a transport to a node within `seconds`, at most `CONNECT_TIMEOUT`. Raises TransportError."""
        return connect(
            node,
            known_hosts=self.known_hosts,
            accept_new=self.accept_new,
            passwords=self.logins.password,
            timeout=min(seconds, CONNECT_TIMEOUT),
        )
