"""A node over SSH: one connection, any number of commands at a time."""

from __future__ import annotations

import select
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.node import Node
from fatecloud.model.remedy import Edit, Run, administrator, look
from fatecloud.transport import sudo
from fatecloud.transport.contract import OUTPUT_LIMIT, Stream
from fatecloud.transport.library import paramiko
from fatecloud.transport.login import Connection

# More than the library's packets, so that one call takes all that has arrived.
_CHUNK = 256 * 1024
_LINGER = 2.0
"""Seconds that output may still come after the command ended: a child that keeps the pipe open is not waited for."""

_FAREWELL = 0.5
"""Seconds in which a connection that broke is known to have."""


class SshTransport:
    """A node over an open connection.

    Args:
        node: the node.
        connection: authenticated; closed with this object.
        password: returns the sudo password, or None; asked at the first use.
    """

    def __init__(self, node: Node, connection: Connection, password: Callable[[], str | None]) -> None:
        self._node = node
        self._connection = connection
        self._password = password

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        """See Transport.run."""
        started = time.monotonic()
        deadline = started + timeout
        gate = self._gate(argv, become=become)
        channel = self._open("session", timeout)
        try:
            channel.settimeout(timeout)
            _start(channel, shlex.join(gate.argv), deadline - time.monotonic())
            exit_status, stdout, stderr = _Exchange(self._node.name, channel, gate, stdin, deadline).finish()
            # A command that a signal ended has no status either, so the connection decides which of the two it was.
            if exit_status < 0 and self._broke():
                raise self._lost(f"while `{argv[0]}` ran")
            return Completed(exit_status, stdout, self._of(gate, stdout, stderr), time.monotonic() - started)
        except PermissionError as error:
            raise sudo.refused(self._node, self._node.ssh.user, error) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
                raise sudo.overdue(self._node, self._node.ssh.user, gate, argv[0], timeout) from None
            raise self._lost(f"while `{argv[0]}` ran ({error or type(error).__name__})") from None
        finally:
            # Closing sends a message to the node, which fails if the connection broke.
            with suppress(OSError, EOFError, paramiko.SSHException):
                channel.close()

    @contextmanager
    def tunnel(self, host: str, port: int, *, timeout: float = 10) -> Iterator[Stream]:
        """See Transport.tunnel."""
        channel = self._open("direct-tcpip", timeout, host, port)
        try:
            yield channel
        finally:
            channel.close()

    def close(self) -> None:
        """See Transport.close."""
        self._connection.close()

    def _of(self, gate: sudo.Gate, stdout: bytes, stderr: bytes) -> bytes:
        """The command's own error output. Raises PermissionError, and TransportError where it was not even begun."""
        try:
            return gate.stderr(stderr)
        except sudo.Silent:
            # A login without a shell, and one on a node that goes down: both take the key, and end.
            user, said = self._node.ssh.user, stdout.decode(errors="replace").strip().splitlines()
            raise TransportError(
                self._node.name,
                "NODE_UNREACHABLE",
                f"the login of {user} ended before it ran anything" + (f": {said[-1]}" if said else ""),
                remedies=(
                    look(f"ssh {user}@{self._node.address} true"),
                    administrator(self._node.name, f"has {user} a shell that runs commands? is the node going down?"),
                ),
            ) from None

    def _gate(self, argv: Sequence[str], *, become: bool) -> sudo.Gate:
        if become:
            sudo.allowed(self._node)
        if not become or self._node.ssh.user == "root":
            return sudo.Gate(argv)
        return sudo.Gate(argv, root=True, password=self._password())

    def _open(self, kind: str, timeout: float, host: str = "", port: int = 0) -> paramiko.Channel:
        target, source = ((host, port), ("127.0.0.1", 0)) if host else (None, None)
        try:
            return self._connection.transport.open_channel(kind, target, source, timeout=timeout)
        except paramiko.ChannelException as error:
            raise self._no_channel(error, f"{host}:{port}" if host else "a session") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            # An overloaded sshd opens no session, though the connection lives.
            if self._connection.transport.is_active():
                raise TransportError(self._node.name, "NODE_TIMEOUT", f"no channel within {timeout:g} s") from None
            raise self._lost(f"({error or type(error).__name__})") from None

    def _no_channel(self, error: paramiko.ChannelException, what: str) -> TransportError:
        if error.code == paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED:
            return TransportError(
                self._node.name,
                "NODE_NO_FORWARDING",
                f"sshd refuses to forward to {what}",
                remedies=(Edit("set `AllowTcpForwarding yes`", "/etc/ssh/sshd_config", self._node.name),),
            )
        return TransportError(
            self._node.name, "NODE_TUNNEL_REFUSED", f"no connection to {what} from there: {error.text}"
        )

    def _broke(self) -> bool:
        """Whether a command that ended without a status did so because its connection broke.

        The library ends the channels first, so this may be called a moment before it marks the connection as closed.
        """
        transport = self._connection.transport
        transport.join(_FAREWELL)
        return not transport.is_active()

    def _lost(self, when: str) -> TransportError:
        return TransportError(
            self._node.name,
            "NODE_UNREACHABLE",
            f"the connection broke {when}",
            remedies=(
                Run("fatecloud check", when="when the node is there again"),
                administrator(self._node.name, "did it reboot, or did the network fail?"),
            ),
        )


def _start(channel: paramiko.Channel, command: str, timeout: float) -> None:
    """Start a command. The library waits for the server's word on it without a deadline of its own."""
    # Setting the event is how the library itself ends this wait; the call then fails as if the server had refused.
    watchdog = threading.Timer(max(0.0, timeout), channel.event.set)
    watchdog.daemon = True
    watchdog.start()
    try:
        channel.exec_command(command)
    finally:
        watchdog.cancel()


class _Exchange:
    """The three streams of one command, until it ended or its time is over."""

    def __init__(self, node: str, channel: paramiko.Channel, gate: sudo.Gate, stdin: bytes, deadline: float) -> None:
        self._node = node
        self._channel = channel
        self._gate = gate
        self._stdin = stdin
        self._deadline = deadline
        self._stdout, self._stderr = bytearray(), bytearray()
        self._fed = False

    def finish(self) -> tuple[int, bytes, bytes]:
        """Exit status (-1 when there is none), stdout and stderr.

        Raises:
            TimeoutError: the time is over.
            PermissionError: sudo refused.
            TransportError: NODE_OUTPUT_LIMIT.
        """
        channel = self._channel
        readable = select.poll()
        readable.register(channel.fileno(), select.POLLIN)
        self._feed()
        ended: float | None = None
        while True:
            self._drain()
            if channel.closed or channel.eof_received:
                break
            if ended is None and channel.exit_status_ready():
                ended = time.monotonic()
            left = self._left() if ended is None else min(self._left(), ended + _LINGER - time.monotonic())
            if left <= 0:
                break
            # The pipe wakes us for output, but not for an exit status, so look again now and then.
            readable.poll(min(left, 0.5) * 1000)
        # What arrived together with the end of the command.
        while self._drain():
            pass
        if not channel.status_event.wait(max(0.0, self._left())):
            raise TimeoutError
        return channel.exit_status, bytes(self._stdout), bytes(self._stderr)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _drain(self) -> bool:
        some = False
        while self._channel.recv_ready():
            self._stdout += self._channel.recv(_CHUNK)
            some = True
            self._check_size()
        while self._channel.recv_stderr_ready():
            chunk = self._channel.recv_stderr(_CHUNK)
            self._stderr += chunk
            some = True
            self._check_size()
            # At once, and not with the input: sudo waits for the password before it starts anything.
            if answer := self._gate.hear(chunk):
                self._channel.sendall(answer)
            self._feed()
        return some

    def _check_size(self) -> None:
        if len(self._stdout) + len(self._stderr) > OUTPUT_LIMIT:
            raise TransportError(
                self._node, "NODE_OUTPUT_LIMIT", f"the command printed more than {OUTPUT_LIMIT // 2**20} MiB"
            )

    def _feed(self) -> None:
        """Send the input, in a thread: a command that prints before it reads must not block us, or we it."""
        if self._fed or not self._gate.open:
            return
        self._fed = True

        def send() -> None:
            # A command may end without reading its input.
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.sendall(self._stdin)
                self._channel.shutdown_write()

        if self._stdin:
            threading.Thread(target=send, name=f"stdin {self._node}", daemon=True).start()
        else:
            self._channel.shutdown_write()
