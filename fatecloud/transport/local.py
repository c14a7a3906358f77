"""The controller itself as a node: commands in a session of their own."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, cast

from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.node import Node
from fatecloud.transport import sudo
from fatecloud.transport.contract import OUTPUT_LIMIT, Stream
from fatecloud.whoami import user_name

_CHUNK = 65536
# As over SSH: a child that keeps the pipes open is not waited for.
_LINGER = 2.0


class LocalTransport:
    """This machine.

    Args:
        node: the node whose connection is `local`.
        password: returns the sudo password, or None; asked at the first use.
    """

    def __init__(self, node: Node, password: Callable[[], str | None]) -> None:
        self._node = node
        self._password = password

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        """See Transport.run. A command that is abandoned is killed, with all its children."""
        started = time.monotonic()
        if become:
            sudo.allowed(self._node)
        elevate = become and os.geteuid() != 0
        gate = sudo.Gate(argv, root=elevate, password=self._password() if elevate else None)
        try:
            process = subprocess.Popen(
                gate.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C of the terminal reaches our program alone, which ends what it started in an order of its own.
                start_new_session=True,
            )
        except OSError as error:
            if elevate:
                raise sudo.refused(
                    self._node, user_name(), PermissionError(f"{error.filename}: {error.strerror}")
                ) from None
            # The status of a shell over SSH for a program that it does not find.
            return Completed(127, b"", f"{gate.argv[0]}: {error.strerror}\n".encode(), time.monotonic() - started)
        exchange = _Exchange(self._node.name, process, gate, stdin, started + timeout)
        try:
            stdout, stderr = exchange.finish()
            return Completed(process.returncode, stdout, gate.stderr(stderr), time.monotonic() - started)
        except PermissionError as error:
            raise sudo.refused(self._node, user_name(), error) from None
        except TimeoutError:
            raise sudo.overdue(self._node, user_name(), gate, argv[0], timeout) from None
        finally:
            exchange.end()

    @contextmanager
    def tunnel(self, host: str, port: int, *, timeout: float = 10) -> Iterator[Stream]:
        """See Transport.tunnel."""
        try:
            stream = socket.create_connection((host, port), timeout)
        except OSError as error:
            raise TransportError(
                self._node.name, "NODE_TUNNEL_REFUSED", f"no connection to {host}:{port}: {error.strerror or error}"
            ) from None
        with stream:
            yield stream

    def close(self) -> None:
        """See Transport.close."""


class _Exchange:
    """The three streams of one process, until it ended or its time is over."""

    def __init__(
        self, node: str, process: subprocess.Popen[bytes], gate: sudo.Gate, stdin: bytes, deadline: float
    ) -> None:
        self._node = node
        self._process = process
        self._gate = gate
        self._deadline = deadline
        self._input = stdin
        self._pending = b""
        self._writes = False
        self._output: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._streams = selectors.DefaultSelector()

    def finish(self) -> tuple[bytes, bytes]:
        """Stdout and stderr of the process, which has ended.

        Raises:
            TimeoutError: the time is over.
            PermissionError: sudo refused.
            TransportError: NODE_OUTPUT_LIMIT.
        """
        for name in self._output:
            stream = getattr(self._process, name)
            os.set_blocking(stream.fileno(), False)
            self._streams.register(stream, selectors.EVENT_READ, name)
        self._ask_to_write()
        ended: float | None = None
        while self._streams.get_map():
            if ended is None and self._process.poll() is not None:
                ended = time.monotonic()
            left = self._left() if ended is None else min(self._left(), ended + _LINGER - time.monotonic())
            if left <= 0:
                break
            # Pipes say nothing when a process ends whose children keep them open, so look again now and then.
            for key, _ in self._streams.select(min(left, 0.2)):
                stream = cast("IO[bytes]", key.fileobj)
                if key.data == "stdin":
                    self._write(stream)
                else:
                    self._read(stream, key.data)
        try:
            self._process.wait(max(0.0, self._left()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        return bytes(self._output["stdout"]), bytes(self._output["stderr"])

    def end(self) -> None:
        """Kill what is left of a process that was abandoned, and close the pipes."""
        if self._process.poll() is None:
            # What sudo started is root's: we may not kill it, and it ends when its pipes do.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LINGER)
        self._streams.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _ask_to_write(self) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed or self._writes or not (self._gate.open or self._pending):
            return
        os.set_blocking(stdin.fileno(), False)
        self._streams.register(stdin, selectors.EVENT_WRITE, "stdin")
        self._writes = True

    def _write(self, stdin: IO[bytes]) -> None:
        if not self._pending and self._gate.open:
            self._pending, self._input = self._input, b""
        if self._pending:
            try:
                self._pending = self._pending[os.write(stdin.fileno(), self._pending[:_CHUNK]) :]
            except BlockingIOError:
                return
            except BrokenPipeError:
                # The process does not want the rest.
                self._input = self._pending = b""
        else:
            self._streams.unregister(stdin)
            self._writes = False
            if self._gate.open:
                stdin.close()

    def _read(self, stream: IO[bytes], name: str) -> None:
        chunk = os.read(stream.fileno(), _CHUNK)
        if not chunk:
            self._streams.unregister(stream)
            return
        self._output[name] += chunk
        if sum(map(len, self._output.values())) > OUTPUT_LIMIT:
            raise TransportError(
                self._node, "NODE_OUTPUT_LIMIT", f"the command printed more than {OUTPUT_LIMIT // 2**20} MiB"
            )
        if name == "stderr":
            self._pending += self._gate.hear(chunk)
            self._ask_to_write()
