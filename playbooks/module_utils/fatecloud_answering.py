"""Whether it is the started service that answers at its ports, and not an older process that kept them."""

from __future__ import annotations

import os
import pwd
import sys

from ansible.module_utils import fatecloud_strays as strays
from ansible.module_utils.fatecloud_node import private
from ansible.module_utils.fatecloud_places import SUPERVISOR
from ansible.module_utils.fatecloud_running import run
from ansible.module_utils.fatecloud_sockets import TooMany, holders, listening

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared, never bound
READ = 1 << 16
LOOKING = 10
"""Seconds."""
_LOOK = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        for name in os.listdir("/proc/%s/fd" % pid):
            target = os.readlink("/proc/%s/fd/%s" % (pid, name))
            if target.startswith("socket:["):
                print(target[8:-1], pid)
    except OSError:
        pass
"""


def strangers(params: dict) -> list:
    """Sentences about the service's ports that processes of no part of it hold.

    A port without a holder is none of them: whether the service is ready is for its own answer to say.

    Args:
        params: `ports` (each with `number` and `bind`), `unit` (empty under supervisor), `slug`, `base`, and `owner`,
            which is the service's user.
    """
    try:
        rows = [row for row in listening() if any(_meets(row, port) for port in params["ports"])]
    except TooMany:
        return []
    held = holders({row.inode for row in rows}, sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
    if any(row.inode not in held for row in rows) and os.geteuid() == 0:
        held = {**_seen_by(params["owner"]), **held}
    found = {}
    for row in rows:
        pid = held.get(row.inode)
        if pid is None:
            # Without root the holder of another user's socket is hidden; its user is not.
            if row.uid != _uid(params["owner"]):
                found[row.port] = f"port {row.port} is held by a process of user {_name(row.uid)}"
        elif not _belongs(pid, params):
            found[row.port] = f"port {row.port} is held by process {pid} of user {_name(row.uid)} ({_command(pid)})"
    return [f"{text}, which is not of this service" for _, text in sorted(found.items())]


def _seen_by(user: str) -> dict:
    """Socket inode -> process, as a user sees its own: root of a container may lack the right to look at them."""
    try:
        done = run([sys.executable, "-I", "-S", "-c", _LOOK], user, timeout=LOOKING)
        pairs = (line.split() for line in done.out.splitlines())
        return {inode: int(pid) for inode, pid in pairs}
    except (OSError, ValueError):
        return {}


def _meets(row: object, port: dict) -> bool:
    if row.port != port["number"]:
        return False
    return port["bind"] in (row.address, *WILDCARDS) or row.address in WILDCARDS


def _belongs(pid: int, params: dict) -> bool:
    return _of_unit(pid, params["unit"]) if params["unit"] else _of_program(pid, params)


def _of_unit(pid: int, unit: str) -> bool:
    """Whether a process is in a unit's control group, or in one below it. One that has ended holds nothing."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
            groups = file.read(READ).splitlines()
    except OSError:
        return True
    return any(unit in group.split("/") for group in groups)


def _of_program(pid: int, params: dict) -> bool:
    """Whether a process descends from the one that supervisor started, or is in the group that it leads."""
    folder = os.path.join(private(params["base"]), SUPERVISOR)
    program = next((found for found in strays.programs(folder) if found.slug == params["slug"]), None)
    main = strays.main_process(program) if program else None
    if main is None:
        return False
    try:
        if os.getpgid(pid) == main:
            return True
    except OSError:
        return True  # it has ended
    while pid > 1 and pid != main:
        pid = strays.parent_of(pid)
    return pid == main


def _uid(user: str) -> int:
    return pwd.getpwnam(user).pw_uid if user and os.geteuid() == 0 else os.geteuid()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read(READ).strip()
    except OSError:
        return "it has ended"
