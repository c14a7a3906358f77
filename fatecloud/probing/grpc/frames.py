"""Frames of HTTP/2 (RFC 7540, sections 4 and 6) on one connection, within one time limit."""

from __future__ import annotations

import socket
import struct
import time

from fatecloud.probing.grpc.failures import NoGrpc, Silent, Unanswered

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
LARGEST = 16 << 10
"""Bytes of a frame's payload; a larger one would have to be agreed on."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = 9
_SHOWN = 40
"""Bytes that are shown of what is not HTTP/2."""


class Frame:
    """One frame that has arrived."""

    def __init__(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def content(self) -> bytes:
        """Payload of DATA or HEADERS without padding and priority.

        Raises:
            NoGrpc: the padding is longer than the payload.
        """
        payload = self.payload
        if self.flags & PADDED:
            if not payload or payload[0] >= len(payload):
                raise NoGrpc("a frame that consists of padding only")
            payload = payload[1 : len(payload) - payload[0]]
        return payload[5:] if self.kind == HEADERS and self.flags & PRIORITY else payload


def packed(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame as it is sent."""
    return struct.pack(">IBBI", len(payload), kind, flags, stream)[1:] + payload


class Connection:
    """Sends and receives until a point of `time.monotonic`."""

    def __init__(self, line: socket.socket, until: float) -> None:
        self.line, self.until = line, until
        self.received = bytearray()
        self.agreed = False
        """Whether the server's first frame has come, which shows that it speaks HTTP/2."""

    def send(self, data: bytes) -> None:
        """All of it. Raises OSError; `Unanswered` or `Silent` when the server does not take it in time."""
        self._limit()
        try:
            self.line.sendall(data)
        except ConnectionError:
            # A server that has hung up may have said why before: `frame` reads that, or finds the end.
            return
        except socket.timeout as late:  # noqa: UP041 - two classes before Python 3.10
            raise self._late() from late

    def frame(self) -> Frame:
        """The next frame.

        Raises:
            NoGrpc: something else than HTTP/2 has come.
            Silent: nothing came in time.
            Unanswered: the frame did not come in time.
            OSError: the connection broke.
        """
        self._read(_HEAD)
        length, kind, flags, stream = struct.unpack(">IBBI", b"\0" + self.received[:_HEAD])
        # A server begins with its settings (section 3.5), whatever it has to say afterwards.
        if length > LARGEST or not (self.agreed or (kind, flags, stream) == (SETTINGS, 0, 0)):
            raise self._foreign()
        self._read(_HEAD + length)
        payload = bytes(self.received[_HEAD : _HEAD + length])
        del self.received[: _HEAD + length]
        self.agreed = True
        return Frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def _read(self, count: int) -> None:
        """Until that many bytes are there."""
        while len(self.received) < count:
            self._limit()
            try:
                part = self.line.recv(1 << 16)
            except socket.timeout as late:  # noqa: UP041 - two classes before Python 3.10
                raise self._late() from late
            if not part and self.received and not self.agreed:
                raise self._foreign()
            if not part:
                raise ConnectionResetError("it was closed before the answer was there")
            self.received += part

    def _limit(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise self._late()
        self.line.settimeout(left)

    def _late(self) -> Exception:
        if self.agreed:
            return Unanswered("it speaks HTTP/2, and did not answer the call")
        return self._foreign() if self.received else Silent("connected, then no answer")

    def _foreign(self) -> NoGrpc:
        return NoGrpc(f"an answer that begins with {bytes(self.received[:_SHOWN])!r}")
