"""Which process a lease was taken for, and whether it is dead.

Standard library only: a project takes this file along, for its action plugin that takes the leases.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def started(pid: int) -> str:
    """When a process of this machine started, in ticks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def asking(pid: int) -> dict[str, Any]:
    """The process that a lease is taken for, so that another run can find out whether it still lives."""
    return {
        "host": platform.node(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip(),
        "namespace": str(Path("/proc/self/ns/pid").readlink()),
        "pid": pid,
        "started": started(pid),
    }


def dead(process: Mapping[str, Any]) -> bool:
    """Whether a process is certainly gone; only a process of this very machine can be."""
    here = asking(int(process.get("pid") or 0))
    if process.get("host") != here["host"]:
        return False
    if process.get("boot") != here["boot"]:
        return True
    return bool(process.get("namespace") == here["namespace"] and process.get("started") != here["started"])
