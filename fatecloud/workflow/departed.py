"""Nodes that got services from an earlier deploy and are no longer in the inventory: nothing reads them any more.

They are known from the history of this controller alone. They are shown and decide nothing, with one exception: if none
of them is in the inventory, a deploy asks once whether the inventory is a copy, see `workflow/moved.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fatecloud import inventory
from fatecloud.errors import RunError, UsageError
from fatecloud.model.cluster import Cluster
from fatecloud.model.event import Event, Listener
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.state.directory import cluster_directory
from fatecloud.state.nodes import PastNode, forget, known_again, past_nodes, remember
from fatecloud.workflow.session import Session


def departed_notes(session: Session) -> tuple[str, ...]:
    """A sentence for each of them: where it was, what it had, and what an operator can do about it."""
    try:
        past = past_nodes(session.state)
    except RunError as error:
        return (error.message,)
    known = known_again(past, present_nodes(session.cluster, session.seen))
    return tuple(_sentence(node) for node in past if node not in known)


def present_nodes(cluster: Cluster, observed: Observed | None, unread: str = "") -> tuple[PastNode, ...]:
    """The nodes of the inventory in the form of the history.

    Args:
        observed: facts `identity` and `manifest` of the nodes that were read; None where none was.
        unread: used instead of the machine id of a node that was not read.
    """
    return tuple(_present(cluster, node, observed, unread) for node in cluster.nodes.values())


def _present(cluster: Cluster, node: Node, observed: Observed | None, unread: str) -> PastNode:
    facts = observed.reached(node.name) if observed else None
    if facts is None:
        return PastNode(*_place(node), node.name, unread, ())
    machine = (facts.fact("identity").value or {}).get("machine_id") or ""
    record = facts.fact("manifest").value or {}
    # A record made for another name or cluster says nothing about this node.
    ours = (record.get("id"), record.get("node")) == (cluster.id, node.name)
    return PastNode(*_place(node), node.name, machine, tuple(sorted(record.get("services", {}))) if ours else ())


def remember_nodes(session: Session, observed: Observed) -> None:
    """Note which of the nodes that were read have services from now on.

    Raises:
        RunError: the history cannot be read or written.
    """
    present = present_nodes(session.cluster, observed)
    known = known_again(past_nodes(session.state), present)
    kept = {}
    for node in present:
        keys = tuple(service.id.key for service in session.desired.on_node(node.name))
        if observed.reached(node.name) and keys:
            kept[node] = PastNode(*node.place, node.name, node.machine, keys)
    remember(session.state, kept.values(), [old for old, new in known.items() if new in kept])


def forget_emptied(session: Session, observed: Observed, events: Listener) -> None:
    """Forget the nodes that were read and have no services any more."""
    bare = {name for name in session.cluster.nodes if observed.reached(name) and not session.desired.on_node(name)}
    _forget(session, observed, bare, events)


def forget_cluster(session: Session, events: Listener) -> None:
    """Forget all nodes of the inventory: a destroy has cleared them."""
    _forget(session, session.seen, set(session.cluster.nodes), events)


def _forget(session: Session, observed: Observed | None, names: set[str], events: Listener) -> None:
    try:
        known = known_again(past_nodes(session.state), present_nodes(session.cluster, observed))
        forget(session.state, [old for old, new in known.items() if new.name in names])
    except RunError as error:  # the nodes are changed already: a history that cannot be written is worth a note only
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
    past = past_nodes(directory)
    known = known_again(past, present_nodes(cluster, None))
    gone = [node for node in past if node not in known]
    chosen = [node for node in gone if name in (node.name, node.address)]
    if not chosen:
        names = ", ".join(node.name for node in gone) or "none"
        raise UsageError(f"{name} is not a node that left the inventory", remedy=f"remembered: {names}")
    forget(directory, chosen)
    return f"forgotten: {', '.join(named(chosen))}"


def named(nodes: Iterable[PastNode]) -> tuple[str, ...]:
    """Names with addresses and base directories."""
    return tuple(f"{node.name} ({node.address}, {node.base})" for node in nodes)


def _place(node: Node) -> tuple[str, int, str]:
    return node.address, node.ssh.port, node.paths.base


def _sentence(node: PastNode) -> str:
    (name,) = named((node,))
    return (
        f"node {name} is no longer in the inventory; an earlier deploy put {', '.join(node.services)} on it. "
        "To manage them again, put the node back into the inventory; if the machine is gone or was cleared, "
        f"run fatecloud inventory forget {node.name}"
    )
