"""Processes and listening sockets, read from /proc."""

import contextlib
import os
import pwd
import threading
from typing import Any, Dict, List, Optional

from .reading import Unreadable, text_of
from .sockets import TooMany, holders, listening

_PAGE = os.sysconf("SC_PAGE_SIZE")
_CMDLINE = 400


class Process:
    """One row of the process table; `start` is in clock ticks since boot."""

    def __init__(self, name: str, pid: int, fields: List[str]) -> None:
        self.name, self.pid, self.state = name, pid, fields[0]
        self.parent, self.group = int(fields[1]), int(fields[2])
        self.threads, self.start = int(fields[17]), int(fields[19])
        self.rss = int(fields[21]) * _PAGE


_table_lock = threading.Lock()
_table: Dict[int, Process] = {}
_groups_lock = threading.Lock()
_groups: Dict[int, str] = {}


def table() -> Dict[int, Process]:
    """Every process, read once per run."""
    with _table_lock:
        if not _table:
            for entry in os.listdir("/proc"):
                process = process_of(int(entry)) if entry.isdigit() else None
                if process is not None:
                    _table[process.pid] = process
        return _table


def process_of(pid: int) -> Optional[Process]:
    """One row of the table; None for a process that has ended."""
    try:
        text = text_of("/proc/%d/stat" % pid, 4096)
    except Unreadable:
        return None  # it ended while its files were read
    # From the right: a process may choose a name with brackets and blanks in it.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    name = head.partition("(")[2]
    return Process(name, pid, fields)


def tree(pid: int) -> List[Process]:
    """A process and all its descendants; empty when it does not live."""
    processes = dict(table())
    children: Dict[int, List[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: List[Process] = []
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        # Each once: numbers that were used again while the table was read can make a circle.
        if current in processes:
            found.append(processes.pop(current))
            waiting.extend(children.get(current, ()))
    return found


def of_unit(unit: str) -> List[Process]:
    """Every process in a systemd unit's control group, also what left the main process's family."""
    with _groups_lock:
        if not _groups:
            for pid in table():
                with contextlib.suppress(Unreadable):  # it ended while its files were read
                    _groups[pid] = text_of("/proc/%d/cgroup" % pid, 4096)
    mark = "/" + unit
    return [
        process
        for pid, process in table().items()
        if mark + "\n" in _groups.get(pid, "") or mark + "/" in _groups.get(pid, "")
    ]


def owner(pid: int) -> Optional[str]:
    """Name of the user that a process runs as (its number where it has no name)."""
    try:
        return user_name(os.stat("/proc/%d" % pid).st_uid)
    except OSError:
        return None


def user_name(uid: int) -> str:
    """Name of a user, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def command_line(pid: int, most: int = _CMDLINE) -> str:
    """Arguments of a process, cut to a number of characters; empty for a kernel thread or where we may not look."""
    try:
        return text_of("/proc/%d/cmdline" % pid, 4096).replace("\0", " ").strip()[:most]
    except Unreadable:
        return ""


def descriptors(pid: int) -> Optional[int]:
    """Number of open file descriptors, or None where we may not look."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return None


def descriptors_allowed(pid: int) -> Optional[int]:
    """How many it may have at most, or None where we may not look."""
    try:
        lines = text_of("/proc/%d/limits" % pid).splitlines()
    except Unreadable:
        return None
    head = "Max open files"
    # The soft limit first, and the hard one behind it; a number or `unlimited`.
    soft = next((line[len(head) :].split()[0] for line in lines if line.startswith(head)), "")
    return int(soft) if soft.isdigit() else None


def listeners() -> List[Dict[str, Any]]:
    """Listening TCP sockets with the process that holds each; `pid` is None where only root could tell."""
    try:
        sockets = listening()
    except TooMany as error:
        raise Unreadable(str(error))
    # The lowest number first: a parent comes before the workers that inherited its socket.
    # One walk over all descriptors for all sockets, because that walk is what costs.
    held = holders({row.inode for row in sockets}, sorted(table()))
    found = []
    for row in sockets:
        pid = held.get(row.inode)
        process = table().get(pid) if pid is not None else None
        found.append(
            {
                "port": row.port,
                "address": row.address,
                "pid": pid,
                "process": process.name if process else None,
                "user": owner(pid) if pid is not None else user_name(row.uid),
                "cmdline": command_line(pid) if pid is not None else "",
            }
        )
    return found
