"""Whether a node has more work than it can do, so that slow answers show nothing about its services. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.model.behind import behind_a_fault
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import Observed

PER_CORE = 4.0
"""Processes that want each core, on the average of a minute: a job alone has about one for each."""
CPU, MEMORY, DISK = 50.0, 20.0, 50.0
"""Per cent of the last 10 s: in which some process waited for a core, or all of them for memory or a disk."""
STOLEN = 30.0
"""Per cent of the processor that other machines of its host took."""


def strain(load: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What the node has too much of, in words; empty where it can do its work, or where it was not read.

    Args:
        load: the fact of that name.
    """
    if not load:
        return ()
    pressure: Mapping[str, float] = load["pressure"] or {}
    found = []
    # Without figures of the kernel's, as before Linux 4.20, the queue alone has to do.
    if load["load1"] >= PER_CORE * load["cores"] and pressure.get("cpu", CPU) >= CPU:
        found.append(f"{load['load1']:.0f} processes want its {load['cores']} cores")
    if pressure.get("memory", 0.0) >= MEMORY:
        found.append(f"for {pressure['memory']:.0f} % of the time all work waits for memory")
    if pressure.get("io", 0.0) >= DISK:
        found.append(f"for {pressure['io']:.0f} % of the time all work waits for a disk")
    if load["stolen"] >= STOLEN:
        found.append(f"other machines of its host take {load['stolen']:.0f} % of its processor")
    return tuple(found)


def asked_nodes(desired: Desired, service: DesiredService, probe: str) -> frozenset[str]:
    """Nodes whose load delays the answer of a service's probe.

    That is its own, those of the services that the probe asks, and those of the services that it cannot answer without.
    """
    targets = [edge.target for edge in service.edges if edge.hard or edge.probe == probe]
    theirs = [desired.services[target].id.node for target in targets if target in desired.services]
    return frozenset([service.id.node, *theirs])


@dataclass(frozen=True, slots=True)
class Overdue:
    """What did not come in time from a node, where a node that has to do with it has more work than it can do."""

    probes: frozenset[str] = frozenset()
    """Ids of questions."""
    facts: frozenset[str] = frozenset()


def overdue(desired: Desired, observed: Observed) -> dict[str, Overdue]:
    """What it is worth to ask once more: asked with all the rest at once it was late, asked alone it may be in time.

    What something else makes late is not: it would be late again, and a person waits for the news.
    """
    found, others = {}, behind_a_fault(desired, observed)
    for name in desired.cluster.nodes:
        seen = observed.reached(name)
        if seen is None:
            continue
        probes = frozenset(
            ident
            for service in desired.on_node(name)
            if service.id.key not in others
            for probe in service.probes
            if (answer := seen.probes.get(ident := f"{service.id.key}:{probe.name}"))
            and (answer.delayed or answer.peers_late)
            and any_loaded(asked_nodes(desired, service, probe.name), observed)
        )
        facts = frozenset(fact for fact, reading in seen.facts.items() if reading.late)
        facts = facts if any_loaded([name], observed) else frozenset()
        if probes or facts:
            found[name] = Overdue(probes, facts)
    return found


def any_loaded(nodes: Iterable[str], observed: Observed) -> bool:
    """Whether one of these nodes has more work than it can do; one that cannot even say so in time has."""
    loads = [seen.fact("load") for node in nodes if (seen := observed.reached(node))]
    return any(load.late or strain(load.value) for load in loads)
