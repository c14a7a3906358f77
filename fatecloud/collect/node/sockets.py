"""Listening TCP sockets and the processes that hold them, as the kernel shows them in /proc.

Like `family` it imports nothing of the project: the Ansible project has a copy in its `module_utils`.
"""

import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_LISTEN = b"0A"
_LISTENERS = 20000
_OTHERS = 5000
_IPV4 = 4


class TooMany(Exception):
    """More sockets are listening than a machine can need."""


class Listening:
    """One listening socket; `uid` is that of the user who opened it."""

    def __init__(self, port: int, address: str, uid: int, inode: str) -> None:
        self.port, self.address, self.uid, self.inode = port, address, uid, inode


def listening() -> "list[Listening]":
    """Every listening socket of this machine, by port and address. Raises TooMany."""
    found: "list[Listening]" = []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path, "rb") as rows:
                found += rows_in(rows)
        except OSError:
            continue  # a kernel without IPv6 has no tcp6
    return sorted(found, key=lambda row: (row.port, row.address, row.inode))


def rows_in(table: "BinaryIO") -> "list[Listening]":
    """The listening sockets in a table of the kernel, opened as bytes. Raises TooMany.

    The kernel lists them before all others (`tcp_get_idx`), of which a busy broker has hundreds of thousands: so the
    reading ends at a long run of others.
    """
    found = []
    others = 0
    table.readline()
    for line in table:
        if line.split(None, 4)[3] == _LISTEN:
            fields = line.decode("ascii", "replace").split()
            address, _, port = fields[1].partition(":")
            found.append(Listening(int(port, 16), address_of(address), int(fields[7]), fields[9]))
            others = 0
        else:
            others += 1
        if others >= _OTHERS:
            break
        if len(found) > _LISTENERS:
            raise TooMany("more than %d listening sockets" % _LISTENERS)
    return found


def holders(inodes: "set[str]", pids: "list[int]") -> "dict[str, int]":
    """Socket inode -> the first of these processes that has it open; processes that we may not look at have none."""
    found: "dict[str, int]" = {}
    for pid in pids:
        if len(found) == len(inodes):
            break  # a broker's process alone may have a hundred thousand descriptors to look at
        folder = "/proc/%d/fd" % pid
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink(folder + "/" + name)
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                found.setdefault(target[8:-1], pid)
    return found


def address_of(text: str) -> str:
    """Text form of a kernel address: 32-bit words in the machine's order. Mapped IPv4 reads as IPv4."""
    raw = b"".join(struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    if len(raw) == _IPV4:
        return socket.inet_ntop(socket.AF_INET, raw)
    if raw[:12] == b"\0" * 10 + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)
