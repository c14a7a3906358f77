"""Nodes that an earlier deploy gave services and that the inventory has no longer: nothing reads them any more.

What is known of them is history, of this controller alone. It is told, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fatecloud import inventory
from fatecloud.errors import RunError, UsageError
from fatecloud.model.cluster import Cluster, Node
from fatecloud.model.event import Event, Listener
from fatecloud.model.observed import Observed
from fatecloud.state.directory import cluster_directory
from fatecloud.state.nodes import PastNode, forget, past_nodes, remember
from fatecloud.workflow.load import Session


def departed_notes(session: Session) -> tuple[str, ...]:
    """A sentence for each of them: where it is, what is still there, and how to get rid of it."""
    try:
        gone = _departed(session.cluster, session.state)
    except RunError as error:
        return (error.message,)
    return tuple(_told(node) for node in gone)


def remember_nodes(session: Session, observed: Observed) -> None:
    """Note which of the nodes that were read have services from now on.

    Raises:
        RunError: the history cannot be written.
    """
    past = []
    for name, node in session.cluster.nodes.items():
        facts = observed.reached(name)
        keys = tuple(service.id.key for service in session.desired.on_node(name))
        if facts and keys:
            machine = (facts.fact("identity").value or {}).get("machine_id") or ""
            past.append(PastNode(*_place(node), name, machine, keys))
    remember(session.state, past)


def forget_emptied(session: Session, observed: Observed, events: Listener) -> None:
    """Forget those of the nodes that were read that have no services any more."""
    nodes = [node for name, node in session.cluster.nodes.items() if observed.reached(name)]
    _forget(session, [node for node in nodes if not session.desired.on_node(node.name)], events)


def forget_cluster(session: Session, events: Listener) -> None:
    """Forget all nodes of the inventory: a destroy has cleared them."""
    _forget(session, session.cluster.nodes.values(), events)


def _forget(session: Session, nodes: Iterable[Node], events: Listener) -> None:
    try:
        forget(session.state, [_place(node) for node in nodes])
    except RunError as error:  # the work is done, and history does not undo it
        events(Event("note", error.message))


def forget_node(path: Path, state_dir: Path | None, name: str) -> str:
    """Forget a node that left the inventory, because its machine is gone or was cleared by hand. What was done.

    Raises:
        InventoryError: the inventory is wrong.
        UsageError: no such node is remembered.
        RunError: the history cannot be read or written.
    """
    cluster = inventory.load(path)
    directory = cluster_directory(cluster.id, state_dir)
    gone = _departed(cluster, directory)
    meant = [node for node in gone if name in (node.name, node.address)]
    if not meant:
        known = ", ".join(node.name for node in gone) or "none"
        raise UsageError(f"{name} is no node that left the inventory", remedy=f"remembered are: {known}")
    forget(directory, [node.place for node in meant])
    return f"forgotten: {', '.join(_named(node) for node in meant)}"


def _departed(cluster: Cluster, directory: Path) -> tuple[PastNode, ...]:
    present = {_place(node) for node in cluster.nodes.values()}
    return tuple(node for node in past_nodes(directory) if node.place not in present)


def _place(node: Node) -> tuple[str, int, str]:
    return node.address, node.ssh.port, node.paths.base


def _named(node: PastNode) -> str:
    return f"{node.name} ({node.address}, {node.base})"


def _told(node: PastNode) -> str:
    return (
        f"node {_named(node)} got services from an earlier deploy and is not in the inventory any more: "
        f"{', '.join(node.services)} are still there. To remove them, put the node back without services and run "
        f"fatecloud deploy; if the machine is gone, run fatecloud inventory forget {node.name}"
    )
