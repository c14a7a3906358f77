"""File systems: what is mounted, and how much is left."""

import os
import re
from typing import Any, Dict, List

from .reading import Spec, text_of


def disks(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """The file system under each asked path; of a path that is not there yet, under its nearest ancestor."""
    rows = mounts()
    found = {}
    for path in spec.get("paths", ()):
        there = path
        # A path that a deploy will make lies on the file system of what is there of it.
        while not os.path.exists(there) and there != "/":
            there = os.path.dirname(there)
        real = os.path.realpath(there)
        figures = os.statvfs(real)
        mount = mount_of(real, rows)
        found[path] = dict(
            mount,
            # Both without the share that the file system keeps for root, as `df` reckons.
            total=(figures.f_blocks - figures.f_bfree + figures.f_bavail) * figures.f_frsize,
            available=figures.f_bavail * figures.f_frsize,
            inodes_total=figures.f_files,
            inodes_free=figures.f_favail,
            writable=os.access(real, os.W_OK | os.X_OK),
            exists=there == path,
        )
    return found


def mount_of(real: str, rows: List[Dict[str, str]]) -> Dict[str, str]:
    """The mount that holds a path without links: the longest mount point; of two on one point, the later one."""
    under = (row for row in enumerate(rows) if _is_under(real, row[1]["mount"]))
    return max(under, key=lambda row: (len(row[1]["mount"]), row[0]))[1]


def mounts() -> List[Dict[str, str]]:
    """Every mount of the node, in the order of mounting."""
    rows = []
    for line in text_of("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, source = left.split(), right.split()
        # The kernel writes blanks and the like in octal there.
        mount = re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), fields[4])
        row = {"mount": mount, "options": fields[5], "fstype": source[0], "device": source[1], "number": fields[2]}
        rows.append(row)
    return rows


def _is_under(path: str, mount: str) -> bool:
    return mount in ("/", path) or path.startswith(mount + "/")
