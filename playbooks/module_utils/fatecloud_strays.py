"""Services that run although no supervisor watches them: how they are found, and how they are ended."""

from __future__ import annotations

import configparser
import contextlib
import glob
import os
import pwd
import signal
import time

from ansible.module_utils.fatecloud_node import POLL

PATIENCE = 10
"""Seconds after SIGKILL until a process must be gone."""


class Program:
    """A program of a supervisord, as its configuration says."""

    def __init__(self, path: str) -> None:
        parser = configparser.RawConfigParser()
        parser.read(path, encoding="utf-8")
        (section,) = parser.sections()
        options = parser[section]
        self.slug = section.partition(":")[2]
        self.home = options["directory"].replace("%%", "%")
        self.signal = signal.Signals["SIG" + options.get("stopsignal", "TERM")]
        self.patience = options.getint("stopwaitsecs", 10)


def programs(folder: str) -> list:
    """Every program below a supervisor's folder."""
    return [Program(path) for path in sorted(glob.glob(os.path.join(glob.escape(folder), "conf.d", "*.conf")))]


def main_process(program: Program, user: str) -> int | None:
    """The living process that the program's start script became; None where there is none.

    Args:
        user: whose it must be; empty for the user that we are. The service can write the file that names the process,
            and root must not be made to end another one's.
    """
    try:
        with open(os.path.join(program.home, "run", "pid"), encoding="utf-8") as file:
            pid = int(file.read(20))
        owner = os.stat(f"/proc/{pid}").st_uid
    except (OSError, ValueError):
        return None
    wanted = pwd.getpwnam(user).pw_uid if user and os.geteuid() == 0 else os.geteuid()
    return pid if owner == wanted and _works_for(pid, program) else None


def _works_for(pid: int, program: Program) -> bool:
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(program.home):
            return True
        # A process that renames itself, as nginx does, loses its environment; one that moves keeps it.
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"FATECLOUD_SERVICE={program.slug}".encode() in file.read().split(b"\0")
    return False


def parent_of(pid: int) -> int:
    """Parent of a process; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def supervisors(conf: str) -> list:
    """Processes that are a supervisord with this configuration."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
                if b"supervisor.supervisord" in words and os.fsencode(conf) in words:
                    found.append(int(name))
    return found


def send(pid: int, number: int) -> None:
    """Signal a process, and its whole group where it leads one, as supervisor would."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def gone(pid: int, seconds: float) -> bool:
    """Whether a process ends within that time; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + seconds
    while _lives(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end(program: Program, pid: int) -> bool:
    """End a stray process as its supervisor would have done. Whether it is gone."""
    for number, patience in ((program.signal, program.patience), (signal.SIGKILL, PATIENCE)):
        send(pid, number)
        if gone(pid, patience):
            send(pid, signal.SIGKILL)  # what is left of its group
            return True
    return False
