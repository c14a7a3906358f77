"""Runs a command so that nothing of it outlives the process that asked for it. Standard library only, run as a program.

    python launcher.py STOP_FILE COMMAND [ARGUMENT...]

The launcher becomes the reaper of all descendants, also of those that leave its session and process group, as Ansible's
workers do. When its parent dies, when a signal comes, or when STOP_FILE appears, it ends them all: TERM first, KILL
later. Its exit status is the command's (128 + number after a signal).

It spares what the command started on purpose to live on: processes with FATECLOUD_SERVICE in their environment, and
their children. (On a local node, supervisord is a descendant.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SPARED = b"FATECLOUD_SERVICE="
POLL = 0.1
PATIENCE = 3.0
"""Seconds between TERM and KILL."""
BOUND = 4.0
"""Seconds of KILL before the launcher gives up on a process that the kernel does not end."""
READ = 1 << 20
"""Bytes that are read of a process's environment: it can make that endless."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def parents() -> dict[int, int]:
    """Pid -> parent's pid, of every process but zombies."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state != "Z":
                    found[int(entry.name)] = int(parent)
    return found


def spared(pid: int) -> bool:
    """Whether a process is a service that has to live on."""
    try:
        with Path(f"/proc/{pid}/environ").open("rb") as file:
            return SPARED in file.read(READ)
    except OSError:
        return False


def descendants(root: int) -> list[int]:
    """Every living descendant of a process, services and what they started left out."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid not in found and not spared(pid):
                found.append(pid)
                queue.append(pid)
    return found


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _send(number: signal.Signals, seconds: float) -> bool:
    """Signal all descendants, repeatedly as new ones appear. Returns whether none is left."""
    deadline = time.monotonic() + seconds
    signalled: set[int] = set()
    while True:
        _reap()
        left = descendants(os.getpid())
        if not left or time.monotonic() > deadline:
            return not left
        for pid in left:
            if number is signal.SIGKILL or pid not in signalled:
                signalled.add(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        time.sleep(POLL / 2)


def end_all() -> bool:
    """End every descendant. Whether none is left."""
    return _send(signal.SIGTERM, PATIENCE) or _send(signal.SIGKILL, BOUND)


def main(stop_file: str, *command: str) -> int:
    """Run the command to its end, or to ours."""
    parent = os.getppid()
    asked: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda received, _frame: asked.append(received))
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    with subprocess.Popen(command, preexec_fn=_child_dies_with_us) as child:  # noqa: PLW1509
        while child.poll() is None:
            # The death signal is lost when the parent died before we asked for it.
            if asked or os.getppid() != parent or os.path.lexists(stop_file):
                end_all()
                return 128 + (asked[0] if asked else signal.SIGTERM)
            time.sleep(POLL)
        end_all()
        status = child.returncode
    return status if status >= 0 else 128 - status


def _child_dies_with_us() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
