"""A node that answers from a script, for unit tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.transport.contract import Stream


class Call(NamedTuple):
    """One command as the transport was asked to run it."""

    argv: tuple[str, ...]
    stdin: bytes
    become: bool


class FakeTransport:
    """Answers each command with what `answer` says, and remembers what was asked.

    Args:
        node: name of the node, for errors.
        answer: what a command returns, an exception to raise instead, or bytes for exit 0 with that output.
    """

    def __init__(self, node: str, answer: Callable[[Call], Completed | TransportError | bytes]) -> None:
        self.node = node
        self.calls: list[Call] = []
        self.closed = False
        self._answer = answer

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:  # noqa: ARG002
        """See Transport.run."""
        call = Call(tuple(argv), stdin, become)
        self.calls.append(call)
        answer = self._answer(call)
        if isinstance(answer, TransportError):
            raise answer
        return Completed(0, answer, b"", 0.0) if isinstance(answer, bytes) else answer

    @contextmanager
    def tunnel(self, host: str, port: int, *, timeout: float = 10) -> Iterator[Stream]:  # noqa: ARG002
        """See Transport.tunnel. A scripted node forwards nothing."""
        yield from ()
        raise TransportError(self.node, "NODE_NO_FORWARDING", f"sshd refuses to forward to {host}:{port}")

    def close(self) -> None:
        """See Transport.close."""
        self.closed = True
