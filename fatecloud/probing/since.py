"""Runs on the node: when a process started, as /proc says: its settings may have been written after that."""

from __future__ import annotations

import os
from pathlib import Path

_START = 19
"""Field of /proc/PID/stat after the name: clock ticks since the machine started, see proc(5)."""


def started(argument: str, proc: str = "/proc") -> float | None:
    """When the newest process with an argument started.

    Args:
        argument: one whole word of its command.
        proc: where the kernel's view of processes is.

    Returns:
        Seconds since the epoch, exact to one or two; None where no such process is seen.
    """
    ticks = [found for pid in os.listdir(proc) if pid.isdigit() for found in _ticks(Path(proc, pid), argument.encode())]
    if not ticks:
        return None
    lines = Path(proc, "stat").read_text().splitlines()
    booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return booted + max(ticks) / os.sysconf("SC_CLK_TCK")


def _ticks(place: Path, argument: bytes) -> list[int]:
    """At most one number: none for a process without the argument."""
    try:
        if argument not in (place / "cmdline").read_bytes().split(b"\0"):
            return []
        # From the right: a process may choose a name with brackets and blanks in it.
        return [int((place / "stat").read_text().rpartition(")")[2].split()[_START])]
    except OSError:
        # It ended meanwhile, or it is another user's on a node that hides those.
        return []
