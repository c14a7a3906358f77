"""Which cluster and node a base directory and a machine belong to: the cluster's id and name, and the node's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import commonpath
from typing import Any

from fatecloud.model.cluster import ID_SHOWN, Cluster
from fatecloud.model.layout import LAYOUT
from fatecloud.plain import plain_word


@dataclass(frozen=True, slots=True)
class Stranger:
    """A reason why a node of the inventory is not the node that was deployed there."""

    kind: str
    """`cluster` (another id), `name` (the cluster had another name), `node` (made for another node), `layout` (by
    another version of fatecloud); of neighbours: `elsewhere` (in another base directory), `inside` (one base in
    another), `alike` (the same names)."""
    what: str
    """A sentence without the node's name and without a full stop."""
    expected: str
    got: str
    remedy: str
    """What to change in the inventory."""


def stranger(cluster: Cluster, node: str, record: Mapping[str, Any]) -> Stranger | None:
    """Why a node's record is not this node's; None if it is, or if nothing is recorded.

    Args:
        node: the name by which the inventory reaches the machine.
        record: the node's manifest; what it lacks is not judged.
    """
    base = cluster.nodes[node].paths.base
    theirs, name, made_for = (plain_word(record.get(key)) for key in ("id", "cluster", "node"))
    if theirs and theirs != cluster.id:
        return Stranger(
            "cluster",
            f"{base} belongs to cluster {name} (id {theirs})",
            f"cluster {cluster.name} (id {cluster.id}), or none",
            f"cluster {name} (id {theirs})",
            f"set another `paths.base` for node {node}, or use the inventory of that cluster",
        )
    if name and name != cluster.name:
        return Stranger(
            "name",
            f"this cluster was deployed in {base} under the name {name}",
            f"cluster: {cluster.name}",
            f"cluster: {name}",
            f"put the name back into the inventory (cluster: {name}): units and directories are named after it",
        )
    if made_for and made_for != node:
        if made_for in cluster.nodes:
            what = f"the machine is node {made_for}, which the inventory has too"
            remedy = f"correct the address of {node} or of {made_for}; if both are one machine, keep one of the names"
        else:
            what = f"the machine was deployed as node {made_for}, which the inventory does not have"
            remedy = f"rename the node back to {made_for}: a deploy does not rename nodes"
        return Stranger("node", what, f"a record of node {node}, or none", f"a record of node {made_for}", remedy)
    if theirs and record.get("layout") != LAYOUT:
        there = plain_word(record.get("layout", 1))
        return Stranger(
            "layout",
            f"another version of fatecloud has deployed here (its layout of a node is {there}, this one's {LAYOUT})",
            f"layout {LAYOUT}",
            f"layout {there}",
            "run destroy --purge with the version that deployed it, or set another `paths.base`",
        )
    return None


def neighbour(cluster: Cluster, node: str, register: Iterable[Mapping[str, Any]]) -> Stranger | None:
    """Why the machine's register of clusters leaves no room for this one as the inventory has it; None where it does.

    Args:
        register: the fact `register`.
    """
    base = cluster.nodes[node].paths.base
    for entry in register:
        if not entry["there"]:
            continue
        theirs_id, name, made_for, there = (plain_word(entry[key]) for key in ("id", "cluster", "node", "base"))
        theirs = f"{name} (id {theirs_id})"
        if theirs_id == cluster.id:
            if there != base:
                return Stranger(
                    "elsewhere",
                    f"this cluster is on the machine already, as node {made_for} in {there}",
                    f"{base}, or nothing of this cluster",
                    f"{there} of node {made_for}",
                    f"put `paths.base` back to {there}, or keep one name for the machine under `nodes`",
                )
        elif there.startswith("/") and commonpath((base, there)) in (base, there):
            return Stranger(
                "inside",
                f"{base} and {there} of cluster {theirs} overlap: one is inside the other",
                "a base directory apart from those of other clusters",
                there,
                f"set another `paths.base` for node {node}",
            )
        elif (name, theirs_id[:ID_SHOWN]) == (cluster.name, cluster.id[:ID_SHOWN]):
            return Stranger(
                "alike",
                f"cluster {theirs} on this machine has the same names",
                f"no other cluster whose names begin with {cluster.label}",
                theirs,
                "give this cluster another name in the inventory",
            )
    return None


def same_machine(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two readings of the fact `identity` come from one machine; a cloned machine-id does not make them so.

    A kernel makes a new boot id at every boot, so clones differ in it; containers that share a kernel differ in the
    device or the inode of their root directory.
    """
    if one.get("boot_id") and other.get("boot_id"):
        return (one["boot_id"], one.get("root_inode")) == (other["boot_id"], other.get("root_inode"))
    known = one.get("machine_id"), one.get("hostname")
    return bool(known[0]) and known == (other.get("machine_id"), other.get("hostname"))
