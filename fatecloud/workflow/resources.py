"""`inventory show --resources`: what the services take of their nodes, and what of it does not fit. Reads no node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_preflight
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.machines import as_read
from fatecloud.workflow.check import saved_facts
from fatecloud.workflow.load import load_desired
from fatecloud.workflow.options import Options


@dataclass(frozen=True, slots=True)
class Resources:
    """What should be, sized for the nodes as far as they are known."""

    desired: Desired
    contradictions: tuple[Finding, ...]
    """Settings that do not fit each other or their nodes, as preflight reports them."""


def load_resources(options: Options, facts: Path | None = None) -> Resources:
    """Work out what services take.

    Args:
        facts: a file of `check --save-facts`, for nodes whose memory and cores the inventory does not give.

    Raises:
        InventoryError: the inventory is wrong.
        InputError: the file cannot be read, or belongs to another cluster.
    """
    desired = load_desired(options)[0]
    if facts is not None:
        cluster = as_read(desired.cluster, saved_facts(facts, desired.cluster))
        desired = resolve(cluster, desired.releases, desired.pythons, desired.jdks)
    return Resources(desired, contradictions(desired))


def contradictions(desired: Desired) -> tuple[Finding, ...]:
    """What preflight reports of settings alone: a check that has to read a node says nothing here."""
    specs = [replace(spec, after=()) for spec in component_preflight() if not spec.early]
    known = {name: node.machine for name, node in desired.cluster.nodes.items()}
    nodes = {
        name: NodeFacts(name, {"cpu": Fact({"cores": machine.cores})} if machine.cores else {}, {}, 0.0)
        for name, machine in known.items()
    }
    found = judge(desired, Observed(nodes, 0.0, 0.0), specs).findings
    return tuple(finding for finding in found if finding.severity != "unknown")
