"""Preflight of what the services of a node need together: memory, descriptors, swap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fatecloud.checks.preflight_need import GIB, manifest_services, node_of, problem, services_of, set_for_good
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check, preflight_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Run, administrator, look
from fatecloud.model.sizes import size_text

MEMORY = Code("PREFLIGHT_MEMORY", "warning", "The node has less memory than the services and one job need.")
HEAP = Code("PREFLIGHT_HEAP", "critical", "The JVMs of a node take more memory at their start than it has.")
SWAP = Code("PREFLIGHT_SWAP", "warning", "On a small machine without swap the kernel may kill jobs.")
FILES = Code("PREFLIGHT_OPEN_FILES", "warning", "The kernel allows fewer open files than the services may need.")

SWAP_BELOW = 16 * GIB
"""The machine of FATE's official guide: with this much memory, swap is not required."""
_PER_PROCESS, _IN_ALL = "fs.nr_open", "fs.file-max"


@node_check(HEAP)
def heaps(view: NodeView) -> Iterator[Finding]:
    """The heaps of all JVMs fit into the node: they are taken whole when a service starts."""
    services = [service for service in services_of(view) if service.needs.heap]
    need, have = sum(service.needs.heap for service in services), view.fact("memory")["total"]
    if need > have:
        yield problem(
            view,
            HEAP.name,
            HEAP.severity,
            f"heaps of {size_text(need)} do not fit into {size_text(have)}: {_listed(services, heap=True)}",
            cause=_bound(view),
            expected=f"heaps of less than {size_text(have)} together",
            got=size_text(need),
            remedy=(
                Edit(f"set `jvm.heap` of {services[0].id.component}"),
                Edit("place services elsewhere", instead=True),
                administrator(view.facts.node, "give the machine more memory", instead=True),
            ),
            source="fact memory; `jvm.heap` in the inventory",
        )


@node_check(MEMORY, SWAP)
def memory(view: NodeView) -> Iterator[Finding]:
    """All services of the node fit into its memory, and those that do not run yet into what is left of it."""
    fact, services, known = view.fact("memory"), services_of(view), manifest_services(view)
    if sum(service.needs.heap for service in services) > fact["total"]:
        return  # one cause, one finding: PREFLIGHT_HEAP blocks, and this one only warns
    new = [service for service in services if service.id.key not in known]
    need, more = (sum(service.needs.memory for service in some) for some in (services, new))
    short = need > fact["total"]
    if short or more > fact["available"]:
        counted, have = (services, fact["total"]) if short else (new, fact["available"])
        asked = size_text(need if short else more)
        which = f"{len(counted)} service{'s' if len(counted) != 1 else ''} and one job"
        yield problem(
            view,
            MEMORY.name,
            MEMORY.severity,
            f"{size_text(have)} {'in all' if short else 'available'}, about {asked} for {which}: {_listed(counted)}",
            cause=_bound(view),
            expected=f">= {asked} (FATE's guide: 16 GB for a machine with everything)",
            got=f"{size_text(fact['available'])} available of {size_text(fact['total'])}",
            remedy=(
                look("ps -eo rss,user,args --sort=-rss | head", view.facts.node),
                Edit("place services elsewhere"),
                administrator(view.facts.node, "give the machine more memory", instead=True),
            ),
            source="fact memory; what services of each kind were seen to take",
        )
    elif services and fact["swap_total"] == 0 and fact["total"] < SWAP_BELOW:
        yield problem(
            view,
            SWAP.name,
            SWAP.severity,
            f"{size_text(fact['total'])} of memory and no swap",
            expected="16 GiB of memory, or swap (FATE's guide: 128 GB in production)",
            got="no swap",
            remedy=(
                Run(
                    "fallocate -l 16G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile",
                    view.facts.node,
                    root=True,
                ),
                Run("echo '/swapfile none swap sw 0 0' >> /etc/fstab", view.facts.node, root=True),
            ),
            source="fact memory",
        )


@preflight_check(FILES, sysctl=(_PER_PROCESS, _IN_ALL))
def open_files(view: NodeView) -> Iterator[Finding]:
    """Units may raise the limit of a process as far as they do, and the kernel has files for all processes."""
    services, values = services_of(view), view.fact("sysctl")
    if not services:
        return
    wanted = {
        _PER_PROCESS: max(service.needs.descriptors for service in services),
        _IN_ALL: sum(service.needs.descriptors for service in services),
    }
    if node_of(view).supervision != "systemd":
        del wanted[_PER_PROCESS]  # the limits of the login decide there: PREFLIGHT_NOFILE
    for name, need in wanted.items():
        if values.get(name) is None:
            raise FactAbsent(f"sysctl: nothing about {name}")
        if int(values[name]) < need:
            yield problem(
                view,
                FILES.name,
                FILES.severity,
                f"{name} is {values[name]}, and services of this node may open {need} files"
                + (" together" if name == _IN_ALL else ""),
                expected=f">= {need}",
                got=str(values[name]),
                evidence=tuple(f"{s.needs.descriptors} {s.id.key}" for s in services),
                remedy=set_for_good(view, name, need),
                source="fact sysctl",
            )


def _listed(services: Iterable[DesiredService], *, heap: bool = False) -> str:
    """What each service needs, the largest first."""
    rows = [(service.needs.heap if heap else service.needs.memory, service.id.key) for service in services]
    return ", ".join(f"{key} {size_text(size)}" for size, key in sorted(rows, key=lambda row: (-row[0], row[1])))


def _bound(view: NodeView) -> str:
    group = view.fact("memory")["bound"]
    return f"the machine may have more: {group} limits what its services get" if group else ""
