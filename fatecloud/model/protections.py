"""What a unit denies its service, whatever component it is: one list for units, the check and the reference page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protection:
    """One directive of every unit, see systemd.exec(5)."""

    directive: str
    value: str
    since: int
    """The first version of systemd that can do it; older ones ignore the line with a warning in their log."""
    denies: str
    """What the service cannot do then, for people."""


@dataclass(frozen=True, slots=True)
class UnitException:
    """A line that one component needs after the common ones: it takes a protection back, or gives a little more.

    A later line replaces a single value, and adds to a list (`RestrictAddressFamilies`, `SystemCallFilter`).
    """

    directive: str
    value: str
    reason: str
    """Why the software cannot do without it, for people: a comment in the unit, and a row of the reference page."""


NO_CAPABILITIES = ("CapabilityBoundingSet", "AmbientCapabilities")
"""Empty, unless the service listens on a port that only a privileged process may take."""
LOW_PORT = "CAP_NET_BIND_SERVICE"
PRIVILEGED_PORTS = 1024
"""Ports below this need `LOW_PORT`."""

PROTECTIONS = (
    Protection("NoNewPrivileges", "yes", 187, "gain rights by a set-user-id program or file capabilities"),
    Protection("CapabilityBoundingSet", "", 187, "hold any of root's rights, now or later"),
    Protection("AmbientCapabilities", "", 229, "start with any of root's rights"),
    Protection("ProtectSystem", "strict", 232, "write anywhere but to the paths in `ReadWritePaths`"),
    Protection("ProtectHome", "yes", 214, "see what is in /home, /root and /run/user"),
    Protection("PrivateTmp", "yes", 209, "see or leave files in the node's /tmp and /var/tmp"),
    Protection("PrivateDevices", "yes", 209, "open disks, memory or any other device but /dev/null and its like"),
    Protection("PrivateMounts", "yes", 239, "make a mount that others see"),
    Protection("PrivateIPC", "yes", 248, "reach System V memory and message queues of other services"),
    Protection("ProtectProc", "invisible", 247, "see processes of other users"),
    Protection("ProcSubset", "pid", 247, "read what /proc says about the machine and its kernel"),
    Protection("ProtectClock", "yes", 245, "set the clock"),
    Protection("ProtectHostname", "yes", 242, "change the node's name"),
    Protection("ProtectControlGroups", "yes", 232, "change control groups, and with them limits of others"),
    Protection("ProtectKernelLogs", "yes", 244, "read or write the kernel's log"),
    Protection("ProtectKernelModules", "yes", 232, "load kernel modules"),
    Protection("ProtectKernelTunables", "yes", 232, "change kernel settings below /proc and /sys"),
    Protection("RestrictNamespaces", "yes", 233, "make or enter namespaces, a common start of attacks on the kernel"),
    Protection("RestrictRealtime", "yes", 231, "take the processor for itself by real-time scheduling"),
    Protection("RestrictSUIDSGID", "yes", 242, "make a set-user-id or set-group-id file"),
    Protection(
        "RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX", 211, "open raw, packet, netlink or other sockets"
    ),
    Protection("LockPersonality", "yes", 235, "switch to another execution domain of the kernel"),
    Protection("MemoryDenyWriteExecute", "yes", 231, "run code that it wrote to its own memory"),
    Protection("RemoveIPC", "yes", 232, "leave shared memory behind"),
    Protection("KeyringMode", "private", 235, "reach kernel keyrings of others"),
    Protection("SystemCallArchitectures", "native", 209, "call the kernel by another architecture's table"),
    Protection("SystemCallFilter", "@system-service", 239, "make system calls that services do not need"),
    Protection(
        "SystemCallFilter",
        "~@privileged @resources io_uring_setup io_uring_enter io_uring_register",
        239,
        "make those of root, those that change priorities and limits, and io_uring, which passes by this filter",
    ),
    Protection("SystemCallErrorNumber", "EPERM", 209, "be killed by it: a refused system call is an error"),
)
"""In the order in which units have them."""


_LISTS = ("RestrictAddressFamilies", "SystemCallFilter")
_HOMES = ("/home/", "/root/", "/run/user/")


def is_home(path: str) -> bool:
    """Whether `ProtectHome` hides a path from a service."""
    return f"{path}/".startswith(_HOMES)


def protections(
    exceptions: Collection[UnitException], *, low_port: bool, paths: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Directive and value of each common line in a service's unit; its component's exceptions follow them there.

    Args:
        exceptions: of its component; a line that one of them replaces is left out.
        low_port: whether the service listens on a port that needs `LOW_PORT`.
        paths: what the service has to reach; homes are not hidden where one of them is below.
    """
    gone = {entry.directive for entry in exceptions if entry.directive not in _LISTS}
    if any(is_home(path) for path in paths):
        gone.add("ProtectHome")
    return tuple(
        (entry.directive, LOW_PORT if low_port and entry.directive in NO_CAPABILITIES else entry.value)
        for entry in PROTECTIONS
        if entry.directive not in gone
    )


def in_effect(lines: Collection[tuple[str, str]], exceptions: Collection[UnitException]) -> dict[str, str]:
    """Directive -> value as systemd takes a unit's lines together; empty where there are no common lines."""
    found: dict[str, str] = {}
    for directive, value in (*lines, *((entry.directive, entry.value) for entry in exceptions if lines)):
        found[directive] = f"{found[directive]} {value}" if directive in _LISTS and directive in found else value
    return found
