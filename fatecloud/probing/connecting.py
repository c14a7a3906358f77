"""Runs on the node: a connection to a name that may have several addresses, within one time limit for all of them."""

from __future__ import annotations

import socket
import time


class NoConnection(TimeoutError):
    """No address took the connection in time. Kernels take one for the busiest of programs: packets are dropped."""


def connection_to(host: str, port: int, seconds: float) -> socket.socket:
    """A socket that is connected to the first address that takes it.

    `socket.create_connection` gives each address the whole limit, so a first address that drops packets would leave
    the second one none of the caller's time. Here each gets its share of what is left.

    Raises:
        NoConnection: no address took it in time.
        OSError: the name does not resolve, or the last address refused.
    """
    until = time.monotonic() + seconds
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    last = OSError(f"{host} has no address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        line = None
        try:
            line = socket.socket(family, kind, protocol)
            line.settimeout(max(0.001, (until - time.monotonic()) / (len(found) - number)))
            line.connect(address)
        except OSError as error:
            # Two classes before Python 3.10.
            last = NoConnection(str(error)) if isinstance(error, socket.timeout) else error
            if line is not None:
                line.close()
        else:
            return line
    raise last
