"""What the control groups above our services leave them of the machine: memory and processors, of either version."""

import os
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .reading import text_of

# The collector itself runs in the session of a login, whose limits are not those of the services.
UNITS = "/system.slice"
"""Where systemd puts the units that root starts; what a login starts is bounded by the session of the login."""
_FILE = 65536  # bytes of a kernel's file
_MOUNT = re.compile(r"\S+ \S+ \S+ (\S+) (\S+) .*- (cgroup2?) \S+ (\S+)")
"""Root and mount point, type of the file system, its options, which for version 1 name controllers."""
_QUOTA = re.compile(r"(\d+) ([1-9]\d*)")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def memory_bound() -> Optional[Dict[str, Any]]:
    """The smallest limit of memory: `limit`, `used` (without what the kernel can drop) and `group`; None for none."""
    found = [bound for group in _groups("memory") for bound in [_memory_of(group)] if bound]
    return min(found, key=lambda bound: int(bound["limit"])) if found else None


def processor_bound() -> Optional[int]:
    """The fewest processors that a set of them or a quota of their time leaves, at least 1; None for all.

    A quota counts as the JVM counts it: rounded up.
    """
    counts = [count for group in _groups("cpu") for count in _shares(group)]
    counts += [count for group in _groups("cpuset") for count in _sets(group)]
    return min(counts) if counts else None


def _memory_of(group: str) -> Optional[Dict[str, Any]]:
    stat = dict(re.findall(r"(?m)^(\w+) (\d+)$", _text(group, "memory.stat")))
    if os.path.exists(group + "/memory.max"):
        limits, used, cache = [_text(group, "memory.max")], _text(group, "memory.current"), "inactive_file"
    else:
        # The kernel computes the second one from all groups above, also from those that a container does not show.
        limits = [_text(group, "memory.limit_in_bytes"), stat.get("hierarchical_memory_limit", "")]
        used, cache = _text(group, "memory.usage_in_bytes"), "total_inactive_file"
    known = [int(limit) for limit in limits if limit.isdigit()]
    if not known:
        return None
    # Files that are cached count as used, and are dropped when memory is wanted.
    spent = int(used) if used.isdigit() else 0
    return {"limit": min(known), "used": max(0, spent - int(stat.get(cache, 0))), "group": group}


def _shares(group: str) -> Iterator[int]:
    for quota in (
        _text(group, "cpu.max"),
        _text(group, "cpu.cfs_quota_us") + " " + _text(group, "cpu.cfs_period_us"),
    ):
        found = _QUOTA.match(quota)
        if found:  # not so for `max 100000` and `-1 100000`
            yield max(1, -(-int(found.group(1)) // int(found.group(2))))


def _sets(group: str) -> Iterator[int]:
    for name in ("cpuset.cpus.effective", "cpuset.cpus"):
        ranges = _RANGE.findall(_text(group, name))
        if ranges:
            yield sum(int(last or first) - int(first) + 1 for first, last in ranges)


def _groups(controller: str) -> Iterator[str]:
    """Directories of the groups that bound a service through this controller, from the inner one to the outer."""
    for root, point, version in _mounts(controller):
        path = UNITS if os.geteuid() == 0 else _own(controller if version == 1 else "", root)
        # A limit of any group above counts, and only the smallest is felt.
        while True:
            if os.path.isdir(point + path):
                yield point + path.rstrip("/")
            if path == "/":
                break
            path = os.path.dirname(path)


def _mounts(controller: str) -> List[Tuple[str, str, int]]:
    """Root, mount point and version of each hierarchy in which this controller may be."""
    found = []
    for line in text_of("/proc/self/mountinfo").splitlines():
        match = _MOUNT.match(line)
        if match and (match.group(3) == "cgroup2" or controller in match.group(4).split(",")):
            found.append((match.group(1), match.group(2), 2 if match.group(3) == "cgroup2" else 1))
    return found


def _own(controller: str, root: str) -> str:
    """Our own group, as seen below a mount that shows the hierarchy from `root` on; `/` where it is not below it."""
    rows = [line.split(":", 2) for line in text_of("/proc/self/cgroup").splitlines() if line.count(":") > 1]
    path = next((row[2] for row in rows if controller in row[1].split(",")), "/")
    outside = root.rstrip("/") + "/"
    return os.path.normpath("/" + path[len(outside) :]) if path.startswith(outside) else "/"


def _text(group: str, name: str) -> str:
    path = "%s/%s" % (group, name)
    return text_of(path, _FILE).strip() if os.access(path, os.R_OK) else ""
