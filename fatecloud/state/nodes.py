"""The nodes on which this controller deployed services: history, for notes about nodes that left the inventory.

A node is recognised by its machine id first, then by its address: names, addresses, ports and NAT can change while
services run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from fatecloud.state.database import execute, select

_ALL = "select address, port, base, machine, name, services from nodes order by name, address, machine"
_DELETE = "delete from nodes where address = ? and port = ? and base = ? and machine = ?"


@dataclass(frozen=True, slots=True)
class PastNode:
    """A base directory on a machine where a deploy put services."""

    address: str
    port: int
    """Of its sshd."""
    base: str
    """Base directory."""
    name: str
    machine: str
    """Its machine id, which stays the same when its address changes; empty if it has none."""
    services: tuple[str, ...]
    """Keys."""

    @property
    def place(self) -> tuple[str, int, str]:
        """Where it was reached."""
        return self.address, self.port, self.base

    @property
    def row(self) -> tuple[str, int, str, str]:
        """Its key in the history."""
        return (*self.place, self.machine)


def known_again(past: Collection[PastNode], present: Iterable[PastNode]) -> dict[PastNode, PastNode]:
    """Past node -> the same node in the present inventory. Each present node matches at most one past node.

    The name or address distinguishes machines with a cloned machine-id. Another machine at the same address counts as
    the same node, because a reinstalled machine looks like that. A node of the same name that was not read counts as
    the same one.

    Args:
        past: the history.
        present: the nodes of the inventory; `machine` is empty if a node was not read, and `services` is what the
            node's own record contains, if it was made for this name in this cluster.
    """
    found: dict[PastNode, PastNode] = {}
    here = list(present)
    for alike in _ALIKE:
        for old in past:
            match = next((new for new in here if alike(old, new)), None) if old not in found else None
            if match:
                found[old] = match
                # Two past nodes cannot be the same present one, or one of them would be forgotten.
                here.remove(match)
    return found


def _one_machine(old: PastNode, new: PastNode) -> bool:
    return old.machine != "" and (old.machine, old.base) == (new.machine, new.base)


_ALIKE: tuple[Callable[[PastNode, PastNode], bool], ...] = (
    lambda old, new: _one_machine(old, new) and old.name == new.name,
    lambda old, new: _one_machine(old, new) and old.place == new.place,
    _one_machine,
    lambda old, new: (old.name, old.base) == (new.name, new.base) and bool(new.services),
    lambda old, new: old.place == new.place,
    lambda old, new: (old.name, old.base) == (new.name, new.base) and "" in (old.machine, new.machine),
)
"""Ways to recognise a node, the most reliable first."""


def past_nodes(directory: Path) -> tuple[PastNode, ...]:
    """All of them, by name.

    Args:
        directory: the cluster's state directory.

    Raises:
        RunError: the history cannot be read.
    """
    rows = select(directory, "nodes", _ALL)
    return tuple(
        PastNode(address, port, base, name, machine, tuple(json.loads(services)))
        for address, port, base, machine, name, services in rows
    )


def remember(directory: Path, nodes: Iterable[PastNode], known: Iterable[PastNode]) -> None:
    """Record nodes, and delete their old entries.

    Args:
        directory: the cluster's state directory.
        nodes: with the services that they have now.
        known: the old entries of these nodes.

    Raises:
        RunError: the history cannot be written.
    """
    added = [(*node.row, node.name, json.dumps(node.services)) for node in nodes]
    execute(
        directory,
        *((_DELETE, node.row) for node in known),
        *(("insert or replace into nodes values (?,?,?,?,?,?)", row) for row in added),
    )


def forget(directory: Path, nodes: Iterable[PastNode]) -> None:
    """Forget nodes, because their services are gone.

    Raises:
        RunError: the history cannot be written.
    """
    execute(directory, *((_DELETE, node.row) for node in nodes))
