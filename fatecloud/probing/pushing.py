"""Runs on the node: do full-size packets arrive at the other end of a connection?

The kernel counts the bytes that the other end has not acknowledged yet, so this needs no answer of the software there.
A route that loses only large packets looks open to every short question.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time

from fatecloud.probing.patience import patient

PAUSE = 0.02
"""Seconds between two looks."""


def arrives(line: socket.socket, data: bytes, seconds: float) -> bool:
    """Send, and see whether all of it was acknowledged in time. Raises OSError: the connection broke.

    Args:
        line: connected over TCP.
        data: more than one packet.
        seconds: for all of it.
    """
    seconds = patient(seconds)
    until = time.monotonic() + seconds
    line.settimeout(seconds)
    line.sendall(data)
    while under_way(line):
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE)
    return True


def under_way(line: socket.socket) -> int:
    """Bytes that were sent and not acknowledged, see SIOCOUTQ in tcp(7)."""
    answer = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("i", answer)[0])
