"""Services that run although no supervisor watches them: how they are found, and how they are ended."""

from __future__ import annotations

import configparser
import contextlib
import glob
import os
import pwd
import signal
import time

from ansible.module_utils.fatecloud_inside import text_of
from ansible.module_utils.fatecloud_node import POLL, become

PATIENCE = 10
"""Seconds after SIGKILL until a process must be gone."""
SENDING = 5
"""Seconds that a signal may take to be sent."""
CLOCKS = 1
"""Seconds by which the clock of processes may differ from that of files."""
READ = 1 << 20
"""Bytes that are read of a process's arguments or environment: it can make both endless, by prctl(2)."""


class Program:
    """A program of a supervisord; without more than its place, one whose configuration was removed."""

    def __init__(self, slug: str, home: str, user: str, how: str = "TERM", patience: int = 10) -> None:
        self.slug, self.home, self.patience = slug, home, patience
        self.user = user if os.geteuid() == 0 else ""
        self.signal = signal.Signals["SIG" + how]


def programs(folder: str) -> list:
    """Every program below a supervisor's folder, as its configuration says."""
    return [_configured(path) for path in sorted(glob.glob(os.path.join(glob.escape(folder), "conf.d", "*.conf")))]


def _configured(path: str) -> Program:
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    section = parser.sections()[0]  # the next one is what sweeps behind it
    options = parser[section]
    return Program(
        section.partition(":")[2],
        options["directory"].replace("%%", "%"),
        options.get("user", ""),
        options.get("stopsignal", "TERM"),
        options.getint("stopwaitsecs", 10),
    )


def main_process(program: Program) -> int | None:
    """The living process of the program's user that its start script became; None where there is none."""
    try:
        pid = int(text_of(os.path.join(program.home, "run", "pid"), 20) or "")
        owner = os.stat(f"/proc/{pid}").st_uid
    except (OSError, ValueError):
        return None
    return pid if owner == _uid(program) and _works_for(pid, program) else None


def _uid(program: Program) -> int:
    return pwd.getpwnam(program.user).pw_uid if program.user else os.geteuid()


def _works_for(pid: int, program: Program) -> bool:
    try:
        if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(program.home):
            return True
        # A process that renames itself, as nginx does, loses its environment; one that moves keeps it.
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"FATECLOUD_SERVICE={program.slug}".encode() in file.read(READ).split(b"\0")
    except PermissionError:
        # Root of a container may lack the right to look at other users' processes. Who got the number later began after
        # it was written down.
        return _is_others(pid) and _begun(pid) <= os.lstat(os.path.join(program.home, "run", "pid")).st_mtime + CLOCKS
    except OSError:
        return False


def _is_others(pid: int) -> bool:
    return os.stat(f"/proc/{pid}").st_uid != os.geteuid()


def _begun(pid: int) -> float:
    """Seconds since the epoch at which a process began."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + ticks / os.sysconf("SC_CLK_TCK")


def parent_of(pid: int) -> int:
    """Parent of a process; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def supervisors(conf: str) -> list:
    """Processes of ours that are a supervisord with this configuration."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid != os.geteuid():
                    continue  # another user's may keep waiting who reads its memory
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read(READ).split(b"\0")
                if b"supervisor.supervisord" in words and os.fsencode(conf) in words:
                    found.append(int(name))
    return found


def send(pid: int, number: int, user: str = "") -> None:
    """Signal a process, and its whole group where it leads one, as supervisor would.

    Args:
        user: who sends it, so that a number that the service wrote down, or that is another process's by now, reaches
            nothing but the service's own; empty for the user that we are.
    """
    child = os.fork()
    if child:
        _wait_for(child)
        return
    with contextlib.suppress(BaseException):
        (become(user) or (lambda: None))()
        (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, number)
    os._exit(0)


def _wait_for(child: int) -> None:
    """Wait for our own child; its user may have stopped it in the moment in which it was that user's."""
    deadline = time.monotonic() + SENDING
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.01)


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
        send(pid, number, program.user)
        if gone(pid, patience):
            send(pid, signal.SIGKILL, program.user)  # what is left of its group
            return True
    return False
