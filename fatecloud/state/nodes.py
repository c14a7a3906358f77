"""Which nodes a deploy of this controller gave services: history, for notes about those that left the inventory.

A node is known again by its machine, then by its address: names, addresses, ports and NAT change while services run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fatecloud.state.database import execute, select

_ALL = "select address, port, base, machine, name, services from nodes order by name, address, machine"
_DELETE = "delete from nodes where address = ? and port = ? and base = ? and machine = ?"


@dataclass(frozen=True, slots=True)
class PastNode:
    """A place on a machine that a deploy gave services."""

    address: str
    port: int
    """Of its sshd."""
    base: str
    """Base directory."""
    name: str
    machine: str
    """Its machine id, which stays when its address changes; empty when it gave none."""
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


def known_again(past: Iterable[PastNode], present: Iterable[PastNode]) -> dict[PastNode, PastNode]:
    """Past node -> the present one that it is. Each present node is at most one past node.

    Machines with a cloned machine-id are told apart by name or address; an address that another machine took over is
    the node's, for that is what reinstalling looks like. A node of the same name that was not read is taken on trust.

    Args:
        past: the history.
        present: the nodes of the inventory; `machine` is empty where a node was not read, and `services` has what a
            node's own record, made for this name in this cluster, says.
    """
    found: dict[PastNode, PastNode] = {}
    here = list(present)
    for alike in _ALIKE:
        for old in past:
            match = next((new for new in here if alike(old, new)), None) if old not in found else None
            if match:
                found[old] = match
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
"""Ways to know a node again, the surest first."""


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
    """Keep nodes, and forget how they were known before.

    Args:
        directory: the cluster's state directory.
        nodes: with what they have now.
        known: the past nodes that these are.

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
    """Forget nodes, for their services are gone.

    Raises:
        RunError: the history cannot be written.
    """
    execute(directory, *((_DELETE, node.row) for node in nodes))
