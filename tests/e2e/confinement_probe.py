"""Tries what a service must not do, and prints what came of it. Runs on a node: standard library, alone in its file.

Arguments: a directory of its own, another service's data, a foreign process's id. The answer goes to `probe.json` in
the first one: name of the attempt -> `done`, or the error's name.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWN, FOREIGN_DATA, FOREIGN_PID = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
ATTACH, NEW_USER_NAMESPACE, IO_URING_SETUP, SYSLOG_READ = 16, 0x10000000, 425, 3
_LIBRARY = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> None:
    """A function of the C library. Raises OSError."""
    if getattr(_LIBRARY, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def write(path: Path) -> None:
    with path.open("a") as stream:
        stream.write("x")


def set_user_id() -> None:
    path = OWN / "setuid"
    path.touch()
    try:
        path.chmod(0o4755)
    finally:
        path.unlink()


ATTEMPTS: dict[str, Callable[[], object]] = {
    "write below /etc": lambda: write(Path("/etc/for-all")),
    "write below /var": lambda: write(Path("/var/for-all")),
    "read data of another service": lambda: list(FOREIGN_DATA.iterdir()),
    "read a home": lambda: list(Path("/home/for-all").iterdir()),
    "read the node's /tmp": Path("/tmp/for-all").stat,
    "write own data": lambda: write(OWN / "own"),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "attach to a foreign process": lambda: call("ptrace", ATTACH, FOREIGN_PID, None, None),
    "see a foreign process": Path(f"/proc/{FOREIGN_PID}").stat,
    "signal a foreign process": lambda: os.kill(FOREIGN_PID, 0),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM).close(),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "open a TCP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "make a set-user-id file": set_user_id,
    "make a user namespace": lambda: call("unshare", NEW_USER_NAMESPACE),
    "change the node's name": lambda: call("sethostname", b"other", 5),
    "read the kernel's log": lambda: call("klogctl", SYSLOG_READ, ctypes.create_string_buffer(64), 64),
    "raise its priority": lambda: call("setpriority", 0, 0, -5),
    "start io_uring": lambda: call("syscall", IO_URING_SETUP, 1, ctypes.create_string_buffer(120)),
    "map memory to write and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close(),
    "read what /proc says of the machine": Path("/proc/meminfo").stat,
    "open a device": Path("/dev/for-all").stat,
}


def answer(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def confinement() -> tuple[list[str], list[str]]:
    """What the kernel shows of this process, as it does of the service's own."""
    status = Path("/proc/self/status").read_text().splitlines(keepends=True)
    kept = [row for row in status if row.startswith(("Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp"))]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return kept, sorted(" ".join(row.split(" ")[4:6]) for row in mounts)


with contextlib.suppress(FileNotFoundError):
    (OWN / "own").unlink()
said = {name: answer(attempt) for name, attempt in ATTEMPTS.items()}
(OWN / "probe.json").write_text(json.dumps({"said": said, "confinement": confinement()}))
