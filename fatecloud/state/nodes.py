"""Which nodes a deploy of this controller gave services: history, for a note about those that left the inventory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fatecloud.state.database import execute, select

_ALL = "select address, port, base, name, machine, services from nodes order by name, address"


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
        """What tells it from every other one."""
        return self.address, self.port, self.base


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
        for address, port, base, name, machine, services in rows
    )


def remember(directory: Path, nodes: Iterable[PastNode]) -> None:
    """Keep nodes; a machine that has another address or name by now takes its own place.

    Raises:
        RunError: the history cannot be written.
    """
    for node in nodes:
        execute(
            directory,
            ("delete from nodes where machine = ? and machine != '' and base = ?", (node.machine, node.base)),
            ("delete from nodes where address = ? and port = ? and base = ?", node.place),
            (
                "insert into nodes values (?,?,?,?,?,?)",
                (*node.place, node.name, node.machine, json.dumps(node.services)),
            ),
        )


def forget(directory: Path, places: Iterable[tuple[str, int, str]]) -> None:
    """Forget nodes, for their services are gone.

    Raises:
        RunError: the history cannot be written.
    """
    statement = "delete from nodes where address = ? and port = ? and base = ?"
    execute(directory, *((statement, place) for place in places))
