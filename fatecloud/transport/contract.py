"""What every transport can do, so that no other code needs to know how a node is reached."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from fatecloud.model.completed import Completed

# A document of the collector has 8 MiB at most, and an answer of the log reader 4: only a defect, or a node that wants
# our memory, prints more.
OUTPUT_LIMIT = 16 * 1024 * 1024
"""Bytes of stdout and stderr together that one command may print."""


class Stream(Protocol):
    """A TCP connection, as far as a protocol probe needs it."""

    def settimeout(self, timeout: float | None, /) -> None:
        """Seconds that a call may block; None for ever."""

    def sendall(self, data: bytes, /) -> None:
        """Send everything. Raises OSError."""

    def recv(self, size: int, /) -> bytes:
        """Receive up to `size` bytes; empty at the end. Raises OSError."""

    def close(self) -> None:
        """End the connection."""


class Transport(Protocol):
    """One node, reachable until `close`. Every method may raise TransportError; several threads may share one."""

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        """Run a command to its end.

        Args:
            argv: program and arguments, unquoted.
            stdin: what it reads.
            timeout: seconds for the whole of it; then it is abandoned with NODE_TIMEOUT.
            become: run it as root.

        Raises:
            TransportError: with NODE_TIMEOUT, NODE_UNREACHABLE (the connection broke), NODE_OUTPUT_LIMIT,
                SUDO_REFUSED or SUDO_NOT_ALLOWED. A command that fails is not an error: see `Completed.exit`.
        """

    def tunnel(self, host: str, port: int, *, timeout: float = 10) -> AbstractContextManager[Stream]:
        """A TCP connection that starts on the node. Closed at the end of the block.

        Raises:
            TransportError: NODE_NO_FORWARDING where sshd forbids it, NODE_TUNNEL_REFUSED where nothing answers.
        """

    def close(self) -> None:
        """End the connection. Safe to call again."""
