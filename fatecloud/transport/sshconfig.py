"""Writes the ssh_config that OpenSSH, and so Ansible, uses with `-F`: the same routes as our own transport. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fatecloud.model.node import Node
from fatecloud.transport.jump import Hop, hops

_CONNECT_SECONDS = 10
# Four times 15 s without an answer: a node that froze ends a play after a minute, not after TCP's quarter of an hour.
_ALIVE_SECONDS = 15
_ALIVE_COUNT = 4


def ssh_config(nodes: Iterable[Node], *, known_hosts: str, control_path: str = "") -> str:
    """The text of an ssh_config with one `Host` per node, named like the node, and one per jump host.

    Args:
        nodes: local ones are left out.
        known_hosts: path of the private file of host keys. A relative one is relative to where ssh is started.
        control_path: socket for shared connections, in a directory that only the operator may enter, short enough for a
            socket (about 100 bytes with `%C` expanded); empty leaves sharing to the caller of ssh.
    """
    remote = [node for node in nodes if node.connection == "ssh"]
    jumps: dict[Hop, str] = {}
    for node in remote:
        for hop in hops(node)[:-1]:
            jumps.setdefault(hop, f"fatecloud-jump-{len(jumps) + 1}")
    entries = [_entry(alias, hop, password=False, through="") for hop, alias in jumps.items()]
    for node in remote:
        *before, target = hops(node)
        through = jumps[before[0]] if before else ""
        entries.append(_entry(node.name, target, password=node.ssh.password is not None, through=through))
    return "\n".join(["# Written by fatecloud.", *entries, _common(known_hosts, control_path)])


def _entry(alias: str, hop: Hop, *, password: bool, through: str) -> str:
    lines = [f"Host {alias}", f"  HostName {hop.host}", f"  Port {hop.port}", f"  User {_quoted(hop.user)}"]
    if hop.key:
        lines += [f"  IdentityFile {_path(str(Path(hop.key).expanduser()))}", "  IdentitiesOnly yes"]
    if not hop.agent:
        # Else every key of the operator's agent is offered, and a server that counts failures refuses before ours.
        lines.append("  IdentityAgent none")
    if through:
        lines.append(f"  ProxyJump {through}")
    # A batch asks for nothing, not even if Ansible could answer with the password.
    lines.append(f"  BatchMode {'no' if password else 'yes'}")
    return "\n".join([*lines, ""])


def _common(known_hosts: str, control_path: str) -> str:
    lines = [
        "Host *",
        f"  UserKnownHostsFile {_path(known_hosts)}",
        # Keys that other users of this machine accepted are not ours: the cluster's own file decides alone.
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking yes",
        "  HashKnownHosts no",
        # A server could add keys of its own to the file otherwise, as long as it has a known one.
        "  UpdateHostKeys no",
        "  CheckHostIP no",
        f"  ConnectTimeout {_CONNECT_SECONDS}",
        f"  ServerAliveInterval {_ALIVE_SECONDS}",
        f"  ServerAliveCountMax {_ALIVE_COUNT}",
        # An agent that is forwarded lets root of the node log in elsewhere as the operator.
        "  ForwardAgent no",
        "  LogLevel ERROR",
    ]
    if control_path:
        lines += ["  ControlMaster auto", "  ControlPersist 60s", f"  ControlPath {_quoted(control_path)}"]
    return "\n".join([*lines, ""])


def _path(path: str) -> str:
    """A path as ssh_config takes it where it would expand tokens."""
    return _quoted(path.replace("%", "%%"))


def _quoted(word: str) -> str:
    """A word as ssh_config takes it: blanks need quotes."""
    return f'"{word}"' if any(character.isspace() for character in word) else word
