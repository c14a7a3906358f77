"""The route to a node: the node itself, and a jump host before it if the inventory names one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fatecloud.model.endpoint import Endpoint
from fatecloud.model.node import Node

_SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server on the route."""

    host: str
    port: int
    user: str
    key: str | None
    agent: bool

    def __str__(self) -> str:
        return str(Endpoint(self.host, self.port))


def hops(node: Node) -> tuple[Hop, ...]:
    """Every SSH server on the route to a node, the node last.

    A jump host is entered as the user that `jump` names, else as the node's, and with the node's key.
    """
    ssh = node.ssh
    target = Hop(node.address, ssh.port, ssh.user, ssh.key, ssh.agent)
    if ssh.jump is None:
        return (target,)
    user, at, place = ssh.jump.rpartition("@")
    host, port = _split(place)
    return Hop(host, port, user if at else ssh.user, ssh.key, ssh.agent), target


def _split(place: str) -> tuple[str, int]:
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, int(port.removeprefix(":") or _SSH_PORT)
    host, _, port = place.partition(":")
    return host, int(port or _SSH_PORT)
