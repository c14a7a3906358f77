"""A port of this machine that leads to one behind a node, for programs that know no SSH: a browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fatecloud.errors import TransportError
from fatecloud.transport.contract import Stream, Transport

_BLOCK = 1 << 16
_MOST = 64
"""Connections at the same time; a browser makes six, and one for each page that shows what goes on."""


class Forwarder:
    """Use `forwarded`."""

    def __init__(self, transport: Transport, host: str, port: int, server: socket.socket) -> None:
        self._transport, self._host, self._port = transport, host, port
        self._server = server
        self._turns = threading.BoundedSemaphore(_MOST)
        self.lost: TransportError | None = None
        """Why the node is not reached any more."""

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the server is closed."""
        while self.lost is None:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._turns.acquire()
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        try:
            # Only when it is known why does the browser see the end of its connection.
            with client:
                self._join(client)
        finally:
            self._turns.release()

    def _join(self, client: socket.socket) -> None:
        try:
            with self._transport.tunnel(self._host, self._port) as stream:
                back = threading.Thread(target=_pump, args=(stream, client), daemon=True)
                back.start()
                _pump(client, stream)
                back.join()
        except TransportError as error:
            # A service that restarts refuses for a while, and the browser asks again.
            if error.code != "NODE_TUNNEL_REFUSED":
                self.lost = error


@contextmanager
def forwarded(transport: Transport, host: str, port: int, wanted: int) -> Iterator[Forwarder]:
    """Listen on 127.0.0.1 and carry each connection to a port as the node reaches it.

    Args:
        host: seen from the node.
        port: of it.
        wanted: port of this machine; any free one where it is taken.

    Raises:
        TransportError: nothing answers there.
    """
    with transport.tunnel(host, port):
        pass
    with _listening(wanted) as server:
        forwarder = Forwarder(transport, host, port, server)
        threading.Thread(target=forwarder.serve, daemon=True).start()
        try:
            yield forwarder
        finally:
            # A thread that waits for a connection notices only this.
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def _listening(wanted: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", wanted))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _pump(source: Stream, target: Stream) -> None:
    """Carry octets one way; the end of one way ends the other."""
    with suppress(OSError):
        while part := source.recv(_BLOCK):
            target.sendall(part)
    for stream in (source, target):
        _end(stream)


def _end(stream: Stream) -> None:
    with suppress(OSError):
        if isinstance(stream, socket.socket):
            stream.shutdown(socket.SHUT_RDWR)
        else:
            stream.close()
