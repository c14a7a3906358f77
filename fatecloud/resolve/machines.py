"""How large the nodes are: what their manifests say, before their first deploy what they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.model.cluster import Cluster
from fatecloud.model.java import FoundJava, Java
from fatecloud.model.machine import Machine, System
from fatecloud.model.node import Node
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.sizes import size_text

_SIMILAR = 1 / 32
"""Share by which memory may differ without a note: another kernel keeps some more or less for itself."""


def as_read(cluster: Cluster, observed: Observed) -> Cluster:
    """The cluster with the machines of the nodes that were read; those of others stay what they are.

    A manifest's word holds for every later plan, so that a machine that grows or shrinks restarts nothing, and two
    controllers want the same.
    """
    nodes = {
        name: replace(node, read=_machine(cluster, node, facts)) if (facts := observed.reached(name)) else node
        for name, node in cluster.nodes.items()
    }
    return cluster if nodes == cluster.nodes else replace(cluster, nodes=nodes)


def resized(cluster: Cluster, observed: Observed) -> tuple[str, ...]:
    """A sentence for each node that is another machine by now than the one its services are sized for."""
    lines = []
    for name, node in sorted(cluster.nodes.items()):
        facts = observed.reached(name)
        kept, now = node.read, _has(facts) if facts and _kept(cluster, facts) else Machine()
        if not node.memory and kept.memory and now.memory and abs(now.memory - kept.memory) > kept.memory * _SIMILAR:
            lines.append(
                _sentence(name, "memory", size_text(now.memory), size_text(kept.memory), f"{now.memory >> 20}MiB")
            )
        if not node.cores and kept.cores and now.cores and now.cores != kept.cores:
            lines.append(_sentence(name, "cores", f"{now.cores} cores", str(kept.cores), str(now.cores)))
    return tuple(lines)


def _sentence(node: str, key: str, now: str, kept: str, value: str) -> str:
    return (
        f"node {node} has {now} now; its services stay sized for {kept}, which its first deploy found. "
        f"To size them for what it has now, set `{key}: {value}` of node {node} in the inventory"
    )


def _machine(cluster: Cluster, node: Node, facts: NodeFacts) -> Machine:
    kept, now, before = _kept(cluster, facts), _has(facts), node.read
    known = facts.fact("manifest").ok
    javas, system = facts.fact("javas"), facts.fact("os")
    return Machine(
        # The manifest's word first: two controllers want the same, and a machine that changed restarts nothing.
        memory=kept.get("memory") or now.memory or before.memory,
        cores=kept.get("cores") or now.cores or before.cores,
        java={key: Java.recorded(entry) for key, entry in kept.get("java", {}).items()} if known else before.java,
        javas=_found(javas.value) if javas.ok else before.javas,
        system=_system(system.value) if system.ok else before.system,
    )


def _found(value: Mapping[str, Any]) -> tuple[FoundJava, ...] | None:
    if not value["asked"]:
        return None
    entries = [entry for entry in value["found"] if entry["homes"]]
    return tuple(
        FoundJava(tuple(entry["homes"]), entry["major"], entry["version"], entry["vm"], entry["problem"])
        for entry in entries
    )


def _system(value: Mapping[str, Any]) -> System:
    return System(value["family"], value["id"], str(value["version_id"]), value["arch"])


def _kept(cluster: Cluster, facts: NodeFacts) -> Mapping[str, Any]:
    """What the node's manifest says of its machine; nothing where the manifest is another cluster's."""
    manifest = facts.fact("manifest").value or {}
    return dict(manifest.get("machine") or {}) if manifest.get("id") == cluster.id else {}


def _has(facts: NodeFacts) -> Machine:
    memory, processors = facts.fact("memory"), facts.fact("cpu")
    return Machine(memory.value["total"] if memory.ok else None, processors.value["cores"] if processors.ok else None)
