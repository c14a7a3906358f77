"""Runs on the node: who is connected to one of its ports over TCP, as the kernel shows it in /proc."""

from __future__ import annotations

import socket
import struct

_ESTABLISHED = "01"
_IPV4 = 4
_MAPPED = b"\0" * 10 + b"\xff\xff"
"""Before an address of IPv4 that is written as one of IPv6."""
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def peers_of(port: int, tables: tuple[str, ...] = TABLES) -> list[str]:
    """The address of the other end of each connection to a port of this node; none of those from its loopback.

    Args:
        port: of a service.
        tables: of the kernel, see proc(5).
    """
    found = []
    for table in tables:
        try:
            with open(table, encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue  # a kernel without IPv6 has no such table
        for row in (line.split(None, 4) for line in lines):
            own, other, state = row[1], row[2], row[3]
            if state == _ESTABLISHED and int(own.rpartition(":")[2], 16) == port:
                found.append(_address(other.rpartition(":")[0]))
    return [address for address in found if not address.startswith("127.") and address != "::1"]


def _address(text: str) -> str:
    """Words of 32 bits in the machine's order, as text."""
    raw = b"".join(struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    if len(raw) == _IPV4 or raw.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, raw[-_IPV4:])
    return socket.inet_ntop(socket.AF_INET6, raw)
