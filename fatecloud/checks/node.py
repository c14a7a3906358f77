"""Checks of a node: room, memory, clock, and whether a deployment ever ended here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from fatecloud.checks.deployed import PENDING
from fatecloud.checks.pending import is_new
from fatecloud.checks.trusted import UNTRUSTED
from fatecloud.model import clocks
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.distributions import distribution_of
from fatecloud.model.finding import Finding, Severity
from fatecloud.model.lease import left
from fatecloud.model.remedy import REDEPLOY, Edit, Remedy, Run, administrator, look
from fatecloud.model.sizes import size_text

_MIB = 1 << 20
FULL_SHARE = 0.02
LOW_SHARE = 0.10
LOW_INODES = 0.05
LOW_MEMORY_SHARE = 0.05
SCANT_SHARE, SCANT_BYTES = 0.05, 512 * _MIB
"""Few bytes are short only where they are a small share too: an empty log partition of 400 MB is fine."""
_SCANT_MEMORY = 0.10

DISK_FULL = Code(
    "NODE_DISK_FULL", "critical", "A file system that services write to is full or nearly full.", settles=False
)
DISK_LOW = Code(
    "NODE_DISK_LOW", "warning", "A file system that services write to has less than 10 % left.", settles=False
)
DISK_READONLY = Code(
    "NODE_DISK_READONLY", "critical", "A file system that services write to is read-only.", settles=False
)
INODES_LOW = Code(
    "NODE_INODES_LOW", "critical", "A file system that services write to is running out of inodes.", settles=False
)
MEMORY_LOW = Code("NODE_MEMORY_LOW", "warning", "The node has little memory left.", settles=False)
CLOCK_SKEW = Code("NODE_CLOCK_SKEW", "warning", "The node's clock differs from that of the other nodes.", settles=False)
MANIFEST_ABSENT = Code("MANIFEST_ABSENT", "critical", "Nothing was ever deployed on the node.", settles=False)
LEASE_STALE = Code("LEASE_STALE", "warning", "A run that changed the node never finished.", settles=False)


def node_finding(view: NodeView, code: Code, symptom: str, **more: Any) -> Finding:
    """A finding about the view's node with the code's severity, unless `severity` says otherwise."""
    severity: Severity = more.pop("severity", code.severity)
    return Finding(code.name, severity, view.subject, symptom, **more)


@node_check(MANIFEST_ABSENT, PENDING, after=(UNTRUSTED.name,))
def deployed(view: NodeView) -> Iterator[Finding]:
    """A node with services in the inventory has a manifest. A destroy that keeps data leaves a manifest of these."""
    if view.desired.on_node(view.facts.node) and is_new(view.desired, view.observed, view.facts):
        yield node_finding(
            view,
            PENDING,
            "nothing is deployed here yet",
            cause="the node was added to the inventory after the last deployment",
            remedy=REDEPLOY,
            expected=", ".join(service.id.key for service in view.desired.on_node(view.facts.node)),
            got="no service, and no trace of one",
            source="fact manifest",
        )
    elif view.desired.on_node(view.facts.node) and "services" not in (view.fact("manifest") or {}):
        yield node_finding(
            view,
            MANIFEST_ABSENT,
            "nothing is deployed here",
            cause=_why_nothing(view),
            remedy=REDEPLOY,
            expected=f"a manifest below {_base(view)}",
            got="none",
            source="fact manifest",
        )


def _why_nothing(view: NodeView) -> str:
    data: Mapping[str, Any] = view.facts.fact("data").value or {}
    # The copies of marks lie outside of the base directory.
    if any(entry["copy"] for entry in data.values()):
        return "the base directory is gone; its disk may not be mounted"
    return "no deployment has reached this node, its cluster was destroyed, or its base directory was removed"


@node_check(LEASE_STALE, after=("MANIFEST_ABSENT",))
def run_ended(view: NodeView) -> Iterator[Finding]:
    """No run left its lease behind."""
    lease = view.fact("lease")
    if lease and (over := -left(view.observed, view.facts.node, lease)) > 0:
        yield node_finding(
            view,
            LEASE_STALE,
            f"run {lease.get('run')} of {lease.get('owner')} never finished",
            cause="the controller was killed or lost its connection in the middle of a run",
            remedy=REDEPLOY,
            expected="no lock, or one that has not expired",
            got=f"expired {over:.0f} s ago",
            source="fact lease",
        )


def disks(view: NodeView) -> dict[str, tuple[Mapping[str, Any], list[str]]]:
    """File systems that this node's services write to: mount -> its figures and our paths on it."""
    paths = view.desired.node(view.facts.node).paths
    wanted = {paths.base, paths.data, paths.logs}
    found: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for path, disk in sorted(view.fact("disk").items()):
        if path in wanted:
            found.setdefault(disk["mount"], (disk, []))[1].append(path)
    return found


def make_room(view: NodeView, place: str) -> tuple[Remedy, ...]:
    """What is to be done where a file system below a directory is full."""
    node = view.facts.node
    return (
        look(f"du -xh --max-depth=2 {place} | sort -h | tail -20", node, root=True),
        administrator(node, "make room, or give the node a larger disk"),
    )


def start_time_service(view: NodeView) -> tuple[Remedy, Run]:
    """How a time daemon is installed and started. `timedatectl set-ntp` fails where none is installed (Debian 12)."""
    distribution = distribution_of(str((view.facts.fact("os").value or {}).get("family", "")))
    node = view.facts.node
    return (
        distribution.install_on(node, ("chrony",)),
        Run(f"systemctl enable --now {distribution.time_service}", node, root=True),
    )


def set_clock(view: NodeView) -> tuple[Remedy, ...]:
    """How a wrong clock is set at once: a time daemon that has run for a while only makes it faster or slower."""
    return (*start_time_service(view), Run("chronyc makestep", view.facts.node, root=True))


def write_again(view: NodeView, mount: str) -> Run:
    """How a file system that is read-only is made writable."""
    return Run(f"mount -o remount,rw {mount}", view.facts.node, root=True, when="when the disk has no more errors")


@node_check(DISK_READONLY)
def disk_writable(view: NodeView) -> Iterator[Finding]:
    """No file system under the cluster's directories is read-only."""
    bad = [(disk, paths) for disk, paths in disks(view).values() if "ro" in disk["options"].split(",")]
    if bad:
        yield node_finding(
            view,
            DISK_READONLY,
            f"{', '.join(disk['mount'] for disk, _ in bad)} is read-only",
            cause="the kernel remounts a file system read-only after an I/O error",
            remedy=(
                look("dmesg | tail -50", view.facts.node, root=True),
                write_again(view, bad[0][0]["mount"]),
            ),
            expected="rw",
            got="ro",
            evidence=tuple(f"{d['device']} on {d['mount']} ({d['fstype']}) holds {', '.join(p)}" for d, p in bad),
            source="fact disk",
        )


@node_check(DISK_FULL, DISK_LOW)
def disk_room(view: NodeView) -> Iterator[Finding]:
    """There is room on every file system that services write to."""
    low = {}
    full = {}
    for mount, (disk, paths) in disks(view).items():
        share = disk["available"] / disk["total"] if disk["total"] else 1.0
        if share < FULL_SHARE or (share < SCANT_SHARE and disk["available"] < SCANT_BYTES):
            full[mount] = (disk, paths)
        elif share < LOW_SHARE:
            low[mount] = (disk, paths)
    for code, bad in ((DISK_FULL, full), (DISK_LOW, low)):
        if bad:
            figures = ", ".join(f"{mount} has {size_text(disk['available'])} left" for mount, (disk, _) in bad.items())
            place = next(iter(bad.values()))[1][0]
            yield node_finding(
                view,
                code,
                figures,
                cause="services can no longer write data and logs" if code is DISK_FULL else "",
                remedy=make_room(view, place),
                expected=f"at least {SCANT_SHARE if code is DISK_FULL else LOW_SHARE:.0%}",
                got=figures,
                evidence=tuple(
                    f"{mount} ({disk['device']}): {size_text(disk['available'])} of {size_text(disk['total'])}; "
                    f"holds {', '.join(paths)}"
                    for mount, (disk, paths) in bad.items()
                ),
                source="fact disk",
            )


@node_check(INODES_LOW)
def inodes(view: NodeView) -> Iterator[Finding]:
    """There are inodes left; a file system without a fixed number of them reports none at all."""
    bad = {
        mount: disk
        for mount, (disk, _) in disks(view).items()
        # Btrfs and the like have no fixed number, and report 0.
        if disk["inodes_total"] and disk["inodes_free"] / disk["inodes_total"] < LOW_INODES
    }
    if bad:
        mount, disk = next(iter(bad.items()))
        yield node_finding(
            view,
            INODES_LOW,
            ", ".join(f"{mount} has {disk['inodes_free']} inodes left" for mount, disk in bad.items()),
            cause="very many small files, often of old jobs",
            remedy=(
                look(f"du --inodes -x --max-depth=3 {mount} | sort -n | tail -20", view.facts.node, root=True),
                administrator(view.facts.node, "remove what nothing needs there"),
            ),
            expected=f"at least {LOW_INODES:.0%} of {disk['inodes_total']}",
            got=str(disk["inodes_free"]),
            source="fact disk",
        )


@node_check(MEMORY_LOW)
def memory(view: NodeView) -> Iterator[Finding]:
    """There is memory left before the kernel starts to kill processes."""
    figures = view.fact("memory")
    # On a small machine the bytes alone would be a quarter of it.
    scant = min(SCANT_BYTES, int(figures["total"] * _SCANT_MEMORY))
    floor = max(scant, int(figures["total"] * LOW_MEMORY_SHARE))
    if figures["available"] < floor:
        yield node_finding(
            view,
            MEMORY_LOW,
            f"{size_text(figures['available'])} of {size_text(figures['total'])} of memory is available",
            cause="jobs and services together need more than the node has",
            remedy=(
                look("ps -eo rss,user,args --sort=-rss | head -15", view.facts.node),
                Edit("lower the cores that jobs may use, then deploy"),
                administrator(view.facts.node, "add memory", instead=True),
            ),
            expected=f"at least {size_text(floor)}",
            got=size_text(figures["available"]),
            source="fact memory",
        )


@node_check(CLOCK_SKEW)
def clock(view: NodeView) -> Iterator[Finding]:
    """The clock agrees with the median of all nodes and of the controller, whose skew is 0 by definition."""
    own = view.fact("skew")
    readings = [f.fact("skew") for name in view.observed.nodes if (f := view.observed.reached(name))]
    # The median, so that one node with a wrong clock does not make all others look wrong.
    middle = median([0.0, *(reading.value["seconds"] for reading in readings if reading.ok)])
    off = own["seconds"] - middle
    if abs(off) - own["uncertainty"] > clocks.NOTICED:
        yield node_finding(
            view,
            CLOCK_SKEW,
            f"the clock is {abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} the others",
            severity="critical" if abs(off) - own["uncertainty"] > clocks.TOO_FAR else "warning",
            cause="" if view.fact("clock")["synchronized"] else "no time service synchronises the node's clock",
            remedy=(look("timedatectl", view.facts.node), *set_clock(view)),
            expected=f"at most {clocks.NOTICED:g} s",
            got=f"{off:+.1f} s, give or take {own['uncertainty']:.1f} s",
            source="fact skew",
        )


def _base(view: NodeView) -> str:
    return view.desired.node(view.facts.node).paths.base
