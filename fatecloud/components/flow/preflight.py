"""What a node should have before flow comes to it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.flow.cores import ALL
from fatecloud.components.sizing import Work, work_of
from fatecloud.model.check import Code, FactAbsent, ServiceView, preflight_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit

CORES = Code("PREFLIGHT_CORES", "warning", "Jobs ask for more cores than there are.")


@preflight_check(CORES, component="flow")
def cores(view: ServiceView) -> Iterator[Finding]:
    """The node has as many cores as one job asks for; with EggRoll, the nodemanagers as many as all jobs may use."""
    work = work_of(view.desired.cluster, view.desired.cluster.owners[view.service.id.owner])
    if work.offered:
        yield from _of_workers(view, work)
        return
    facts, have = view.service.facts, view.fact("cpu")["cores"]
    if facts["cores_known"] or facts["job_cores"] <= have:
        return
    yield _finding(
        view,
        f"each job asks for {facts['job_cores']} cores, and the node has {have}",
        cause=f"the inventory does not say how many cores jobs may use, so {facts['cores']} are assumed",
        expected=f"at least {facts['job_cores']} cores, or `cores` of the node in the inventory",
        got=str(have),
        change=f"set `cores: {have}` of node {view.facts.node}; jobs then ask for fewer",
        source="fact cpu",
    )


def _of_workers(view: ServiceView, work: Work) -> Iterator[Finding]:
    unknown = [node for node, found in work.offered.items() if found is None]
    if unknown:
        raise FactAbsent(f"cpu: the cores of node {unknown[0]} are not known")
    have = sum(found or 0 for found in work.offered.values())
    each = ", ".join(f"{found} on {node}" for node, found in work.offered.items())
    total = view.service.needs.figure(ALL)
    source = "`computing.cores` and `jobs.cores` in the inventory; cores of the nodes"
    if work.taken > work.cores:
        yield _finding(
            view,
            f"each job takes {work.taken} cores, {work.eggs} on each of {len(work.offered)} nodemanagers, and all "
            f"jobs together may use {work.cores}",
            cause="FATE refuses every job that asks for more cores than there are in all",
            expected=f"`computing.cores` of at least {work.taken}",
            got=str(work.cores),
            change=f"set `computing.cores` of flow to at least {work.taken}, or use fewer nodemanagers",
            source=source,
        )
    elif work.taken > have or (total is not None and total.written and work.cores > have):
        many = f"each job takes {work.taken} cores" if work.taken > have else f"all jobs may use {work.cores} cores"
        yield _finding(
            view,
            f"{many}, and the nodemanagers have {have} for them: {each}",
            cause="flow counts cores by its own settings, and EggRoll starts as many eggs as it is asked for",
            expected=f"at most {have} cores for jobs",
            got=str(work.taken if work.taken > have else work.cores),
            change="set `jobs.cores` of flow lower"
            if work.taken > have
            else f"set `computing.cores` of flow to at most {have}, or leave it out",
            source=source,
        )


def _finding(
    view: ServiceView, symptom: str, *, cause: str, expected: str, got: str, change: str, source: str
) -> Finding:
    return Finding(
        CORES.name,
        CORES.severity,
        view.subject,
        symptom,
        cause=cause,
        expected=expected,
        got=got,
        remedy=(Edit(change),),
        source=source,
    )
