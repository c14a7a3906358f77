"""Chooses how a node is reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fatecloud.model.node import Node
from fatecloud.transport.contract import Transport
from fatecloud.transport.jump import hops
from fatecloud.transport.local import LocalTransport

# As long as OpenSSH waits in the ssh_config that we write: a node that Ansible would reach is not given up here.
CONNECT_TIMEOUT = 10.0
Passwords = Callable[[Node, str], str | None]
"""Returns the password of a node for `ssh` or `become`, or None; asked only if it is needed."""


def connect(
    node: Node,
    *,
    known_hosts: Path,
    accept_new: bool = False,
    passwords: Passwords,
    timeout: float = CONNECT_TIMEOUT,
) -> Transport:
    """Open a transport to a node.

    Args:
        node: where to.
        known_hosts: the cluster's private file of host keys.
        accept_new: whether a host key that is not known is taken and remembered. One that changed never is.
        passwords: returns a node's passwords.
        timeout: seconds for all of it: name, TCP, host key and login.

    Raises:
        TransportError: NODE_UNRESOLVED, NODE_UNREACHABLE, NODE_TIMEOUT, NODE_HOST_KEY_UNKNOWN,
            NODE_HOST_KEY_CHANGED, NODE_HOST_KEY_REVOKED, NODE_HOST_KEYS_DAMAGED, NODE_AUTH_FAILED, or
            JUMP_HOST_FAILED.
    """
    if node.connection == "local":
        return LocalTransport(node, lambda: passwords(node, "become"))
    from fatecloud.transport.login import Login  # noqa: PLC0415 - paramiko costs 0.4 s that a local node can do without
    from fatecloud.transport.ssh import SshTransport  # noqa: PLC0415

    login = Login(node.name, known_hosts, accept_new, lambda: passwords(node, "ssh"))
    return SshTransport(node, login.open(hops(node), timeout), lambda: passwords(node, "become"))
