"""Whether the eggs of jobs fit a nodemanager's node: its cores, and its memory."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.nodemanager.want import CORES, EGGS, ROOM
from fatecloud.components.sizing import EGG, work_of
from fatecloud.model.check import Code, ServiceView, preflight_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator
from fatecloud.model.sizes import size_text

EGGS_UNFIT = Code("PREFLIGHT_EGGS", "warning", "The settings for eggs do not fit each other or the node.")
JOBS_MEMORY = Code("PREFLIGHT_JOBS_MEMORY", "warning", "The node has less memory than the jobs that flow lets in need.")


@preflight_check(EGGS_UNFIT, component="nodemanager")
def eggs(view: ServiceView) -> Iterator[Finding]:
    """A session has no more eggs on the node than cores for jobs, these are there, and its eggs have room."""
    cluster, needs, node = view.desired.cluster, view.service.needs, view.facts.node
    owner, has = cluster.owners[view.service.id.owner], cluster.nodes[node].read.cores
    work = work_of(cluster, owner)
    offered, room, here = needs.figure(CORES), needs.figure(ROOM), work.eggs
    known = sum(found or 0 for found in work.offered.values())
    single = max(
        (
            owner.settings("clustermanager", placed.node)["session.eggs"] or 1
            for placed in owner.instances("clustermanager")
        ),
        default=1,
    )
    if offered and offered.written and has and offered.value > has:
        what = f"its jobs are to have {offered.value} cores, and node {node} has {has}"
        yield _unfit(view, what, f"at most {has}", offered.value, "set its `cores` lower, or leave it out")
    elif offered and single > offered.value:
        what = f"a session has {single} eggs on each node (`session.eggs`), and {offered.value} cores are for jobs here"
        yield _unfit(view, what, f"at most {offered.value}", single, "set `session.eggs` of clustermanager lower")
    # Where all nodes together have too few, PREFLIGHT_CORES says so.
    elif offered and here > offered.value and work.taken <= known:
        what = f"a job has {here} eggs here, its part of {work.job} cores, and {offered.value} are for jobs here"
        yield _unfit(view, what, f"at most {offered.value}", here, "set `jobs.cores` of flow lower, or leave this node")
    if room and room.written and room.value < here:
        what = f"there is to be room for {room.value} eggs, and one job has {here} here"
        yield _unfit(view, what, f"at least {here}", room.value, "set its `eggs` higher, or leave it out")


@preflight_check(JOBS_MEMORY, component="nodemanager")
def jobs_memory(view: ServiceView) -> Iterator[Finding]:
    """The eggs of all jobs that get their cores at a time fit into the node beside its services."""
    cluster, node = view.desired.cluster, view.facts.node
    work, have = work_of(cluster, cluster.owners[view.service.id.owner]), cluster.nodes[node].machine.memory
    services = sum(service.needs.memory for service in view.desired.on_node(node))
    own = view.service.needs.figure(EGGS)
    number = work.at_a_time * work.eggs
    need = services - (own.value if own else 0) + number * EGG
    # What is derived from the nodes has its own bounds, and what one job lacks is PREFLIGHT_MEMORY.
    if have is None or services > have or need <= have or not _set(view):
        return
    jobs = f"{work.at_a_time} jobs at a time ({work.cores} cores, {work.taken} each)"
    yield Finding(
        JOBS_MEMORY.name,
        JOBS_MEMORY.severity,
        view.subject,
        f"{jobs} have {number} eggs here: with the services {size_text(need)}, and node {node} has {size_text(have)}",
        cause="flow lets jobs in by their cores, and does not count memory",
        expected=f"at most {size_text(have)}",
        got=size_text(need),
        remedy=(
            Edit("set `computing.cores` of flow lower: fewer jobs run at a time"),
            administrator(node, "give the machine more memory", instead=True),
        ),
        source="`fatecloud inventory show --resources`",
    )


def _set(view: ServiceView) -> bool:
    """Whether the operator says how many cores all jobs of the party have."""
    owner = view.desired.cluster.owners[view.service.id.owner]
    return any(owner.settings("flow", placed.node).get("computing.cores") for placed in owner.instances("flow"))


def _unfit(view: ServiceView, what: str, expected: str, got: int, change: str) -> Finding:
    return Finding(
        EGGS_UNFIT.name,
        EGGS_UNFIT.severity,
        view.subject,
        what,
        cause="EggRoll starts as many eggs as it is asked for, whatever the node has",
        expected=expected,
        got=str(got),
        remedy=(Edit(change),),
        source="settings in the inventory; cores of the node",
    )
