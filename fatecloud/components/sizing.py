"""How much work a party takes on at a time, by the sizes of its nodes: the one place with these rules.

FATE-Flow gives each job a number of cores for as long as it runs, and only counts them. In a party with EggRoll the
work itself is done by eggs: flow has each task start `cores / nodemanagers` of them on each nodemanager, rounded down
and at least one (FATE-Flow 2.2.0, `calculate_resource` of its job controller). The tasks of a job share its cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.cluster import Cluster
from fatecloud.model.context import Context
from fatecloud.model.needs import MIB, Figure, Unit
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner

UPSTREAM_CORES, UPSTREAM_JOB_CORES = 32, 4
"""FATE-Flow 2.2.0: `computing.standalone.cores` and `job_cores` of its own configuration files."""
EGG = 400 * MIB
"""Bytes that an egg was seen to take in a FATE job, which imports torch."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a party may take at a time."""

    cores: int
    """Cores of all jobs together."""
    why: str
    job: int
    """Cores that a job asks for unless it sets another number."""
    job_why: str
    offered: Mapping[str, int | None] = field(default_factory=dict)
    """Node of each nodemanager -> its cores for jobs; None where they are not known. Empty without EggRoll."""

    @property
    def eggs(self) -> int:
        """Eggs of one job on the node of each nodemanager."""
        return max(1, self.job // max(1, len(self.offered)))

    @property
    def taken(self) -> int:
        """Cores that one job takes: with many nodemanagers more than it asks for, as each gets an egg."""
        return max(self.job, self.eggs * len(self.offered))

    @property
    def at_a_time(self) -> int:
        """Jobs that get their cores at the same time."""
        return self.cores // self.taken


def work_of(cluster: Cluster, owner: Owner) -> Work:
    """What the jobs of a party may take."""
    workers = tuple(_Worker.of(cluster, owner, placed.node) for placed in owner.instances("nodemanager"))
    places = owner.instances("flow")
    config: Mapping[str, Any] = owner.settings("flow", places[0].node) if places else {}
    total, why = _all_cores(config, cluster.nodes[places[0].node] if places else None, workers)
    job, job_why = _job_cores(config, total)
    return Work(total, why, job, job_why, {worker.node: worker.cores for worker in workers})


@dataclass(frozen=True, slots=True)
class _Worker:
    """A node with a nodemanager."""

    node: str
    cores: int | None = None
    """Cores for jobs: what the operator set, else what its node has; None if neither is known.

    EggRoll 3.2.0 has a setting for them that nothing in it reads: it counts the cores of the machine, and lets a
    session have as many eggs as it asks for.
    """
    given: bool = False
    """Whether the operator gave them."""
    room: int | None = None
    """Eggs that fit into half of the node's memory; None where that is not known."""

    @classmethod
    def of(cls, cluster: Cluster, owner: Owner, name: str) -> _Worker:
        """The nodemanager of an owner on a node."""
        node, own = cluster.nodes[name], owner.settings("nodemanager", name)["cores"]
        room = max(1, node.machine.memory // 2 // EGG) if node.machine.memory else None
        return cls(name, own or node.machine.cores, bool(own or node.cores), room)

    @property
    def usable(self) -> int:
        """Cores that jobs may have there."""
        cores = self.cores or 0
        return cores if self.room is None else min(cores, self.room)

    def __str__(self) -> str:
        if self.cores is None:
            return f"not known on {self.node}"
        less = f" ({self.cores} cores, and half of its memory is room for {self.room} eggs)"
        return f"{self.usable} on {self.node}" + (less if self.usable < self.cores else "")


def cores(config: Mapping[str, Any], node: Node, *, eggroll: bool = False) -> int:
    """Cores that all jobs of a flow may use, from its own settings alone: with EggRoll there may be more of them."""
    return _all_cores(config, node, (_Worker(node.name),) if eggroll else ())[0]


def job_cores(config: Mapping[str, Any], node: Node, *, eggroll: bool = False) -> int:
    """Cores that a job asks for per role, likewise."""
    return _job_cores(config, cores(config, node, eggroll=eggroll))[0]


def _all_cores(config: Mapping[str, Any], node: Node | None, workers: tuple[_Worker, ...]) -> tuple[int, str]:
    """A number and its reason.

    Flow only counts these cores: with fewer than upstream's, a small node would refuse jobs that a partner starts with
    upstream's defaults. With EggRoll the nodes of the nodemanagers decide; where the operator does not give their
    cores, two such jobs get theirs in any case.
    """
    given = config.get("computing.cores")
    if given:
        return int(given), "`computing.cores`"
    if workers:
        job, total = int(config.get("jobs.cores") or 0), sum(worker.usable for worker in workers)
        least = job if all(worker.given for worker in workers) else 2 * max(job, UPSTREAM_JOB_CORES)
        rule = f"what the nodemanagers have: {', '.join(map(str, workers))}"
        return (total, rule) if total >= least else (least, f"what jobs ask for, which is more than {rule}")
    if node is not None and node.cores:
        return node.cores, f"`cores` of node {node.name}"
    has = node.read.cores if node else None
    if has and node and has > UPSTREAM_CORES:
        return has, f"what node {node.name} has"
    return UPSTREAM_CORES, f"upstream's number; the node has {has or 'a number that is not known'}"


def _job_cores(config: Mapping[str, Any], total: int) -> tuple[int, str]:
    """As upstream, or as many as leave room for both roles of a job within one party."""
    given = config.get("jobs.cores")
    if given:
        return int(given), "`jobs.cores`"
    found = max(1, min(UPSTREAM_JOB_CORES, total // 2))
    return found, "upstream's number" if found == UPSTREAM_JOB_CORES else "half of what all jobs may use"


def figure(ctx: Context, name: str, key: str, why: str, *, unit: Unit = "bytes", value: int | None = None) -> Figure:
    """A figure that a setting decides, with the rule for its default or the place where it is set.

    Args:
        ctx: of the service.
        name: for people.
        key: the setting.
        why: the rule.
        unit: of the value.
        value: where it is derived from more than the setting.
    """
    place = ctx.written(key)
    text = f"{key}, set at {place}" if place else why
    return Figure(name, ctx.config[key] if value is None else value, unit, text, key, written=bool(place))
