"""The process that a lease was taken for, and whether it is dead.

Standard library only: this file is copied into each project, for the action plugin that takes the leases.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def started(pid: int) -> str:
    """When a process of this machine started, in clock ticks since boot; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def asking(pid: int) -> dict[str, Any]:
    """Describes the process that a lease is taken for, so that another run can find out whether it is still alive."""
    return {
        "host": platform.node(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip(),
        "namespace": str(Path("/proc/self/ns/pid").readlink()),
        "pid": pid,
        "started": started(pid),
    }


def dead(process: Mapping[str, Any]) -> bool:
    """Whether a process is certainly gone. For a process of another machine this cannot be known."""
    pid = process.get("pid")
    if not isinstance(pid, int):
        return False  # nothing that a run of ours has written
    here = asking(pid)
    if process.get("host") != here["host"]:
        return False
    # No process survives a boot, whatever number it had.
    if process.get("boot") != here["boot"]:
        return True
    return bool(process.get("namespace") == here["namespace"] and process.get("started") != here["started"])
