"""Reads logs: one reader per service, over one connection per node that is closed when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fatecloud.collect.logs import LogBatch, LogQuestion, read_logs
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.desired import DesiredService
from fatecloud.model.node import Node
from fatecloud.transport import Transport

LINES_SINCE = 5000
_AT_ONCE = 8
"""Commands at a time on one connection; OpenSSH allows 10 sessions unless its `MaxSessions` says otherwise."""
_LONGEST_PAUSE = 32
"""The most rounds of `--follow` that skip a node which failed again and again."""
_BROKEN = ("NODE_UNREACHABLE", "NODE_TIMEOUT")


class SharedConnection:
    """The connection to a node, opened when it is needed and shared by the readers of its services.

    A node that fails is skipped for 1, 2, 4, ... rounds, so that its sshd is not flooded and the others do not wait.
    """

    def __init__(self, node: Node, connect: Callable[[Node], Transport]) -> None:
        self.node = node
        self._connect = connect
        self._transport: Transport | None = None
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_AT_ONCE)
        self._error: TransportError | None = None
        self._failures = 0
        self._pause = 0

    def next_look(self) -> None:
        """Begin a new round of readings."""
        with self._lock:
            self._pause -= 1
            if self._pause <= 0:
                self._error = None

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        """See Transport.run. Also raises the errors of opening the connection."""
        with self._places:
            transport = self._opened()
            try:
                done = transport.run(argv, stdin=stdin, timeout=timeout, become=become)
            except TransportError as error:
                # Any other error is one command's own, and the connection still works.
                if error.code in _BROKEN:
                    self._drop(transport, error)
                raise
        with self._lock:
            self._failures = 0
        return done

    def close(self) -> None:
        """End the connection, if there is one."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport:
            transport.close()

    def _opened(self) -> Transport:
        with self._lock:
            if self._error:
                raise self._error
            if self._transport is None:
                try:
                    self._transport = self._connect(self.node)
                except TransportError as error:
                    self._failed(error)
                    raise
            return self._transport

    def _drop(self, transport: Transport, error: TransportError) -> None:
        with self._lock:
            if self._transport is not transport:
                return  # another reader has handled this failure first
            self._transport = None
            self._failed(error)
        transport.close()

    def _failed(self, error: TransportError) -> None:
        self._error = error
        self._pause = min(2**self._failures, _LONGEST_PAUSE)
        self._failures += 1


@dataclass(slots=True)
class Reader:
    """One service's log on its node, and how far it was read."""

    service: DesiredService
    connection: SharedConnection
    question: LogQuestion
    cursor: Mapping[str, Any] | None = None
    batch: LogBatch = field(default_factory=lambda: LogBatch(()))
    lost: TransportError | None = None
    """Why the last reading failed."""
    complained: tuple[str, ...] = ()
    """The problems that were reported about the last reading, so that they are not repeated."""
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin a reading, unless the last one is still in progress."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def finish(self, seconds: float | None) -> bool:
        """Wait for the reading, without a limit if `seconds` is None. Returns whether `batch` and `lost` are new."""
        if self._thread is None:
            return False
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._thread = None
        return True

    def _read(self) -> None:
        try:
            self.batch = read_logs(self.connection, self.connection.node, self.service, self.question, self.cursor)
        except TransportError as error:
            self.batch, self.lost = LogBatch(()), error
            return
        self.lost = None
        self.cursor = self.batch.cursor
        # `--lines` limits the past only: everything that comes later is shown.
        self.question = replace(self.question, lines=max(self.question.lines, LINES_SINCE))
