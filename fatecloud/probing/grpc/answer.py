"""What a server answers to the one call of a connection."""

from __future__ import annotations

import re
from typing import Any

from fatecloud.probing.grpc.failures import NoGrpc
from fatecloud.probing.grpc.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    Connection,
    Frame,
    packed,
)
from fatecloud.probing.grpc.hpack import MOST, Decoder
from fatecloud.probing.grpc.statuses import (
    INTERNAL,
    OK,
    RESOURCE_EXHAUSTED,
    UNAVAILABLE,
    UNKNOWN,
    error_name,
    status_name,
    status_of_reset,
)

LIMIT = 256 << 10
"""Bytes of an answer's message."""
STREAM = 1
_PREFIX = 5
"""Bytes before a message: whether it is compressed, and its length."""
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")


class Answer:
    """The status of a call, and what came with it."""

    def __init__(self, status: int, message: str, body: bytes = b"", metadata: dict[str, str] | None = None) -> None:
        self.status, self.message, self.body, self.metadata = status, message, body, metadata or {}

    @property
    def name(self) -> str:
        """`NOT_FOUND` for 5."""
        return status_name(self.status)


class Reply:
    """Reads frames until the answer is there.

    Args:
        connection: on which the call was sent.
        limit: bytes of the message.
    """

    def __init__(self, connection: Connection, limit: int) -> None:
        self.connection, self.limit = connection, limit
        self.decoder = Decoder()
        self.block, self.ends = b"", False
        self.headers: dict[str, str] = {}
        self.data = bytearray()
        self.found: Answer | None = None
        self.handlers: dict[int, Any] = {
            SETTINGS: self._acknowledge,
            PING: self._acknowledge,
            GOAWAY: self._goes_away,
            RST_STREAM: self._reset,
            HEADERS: self._headers,
            CONTINUATION: self._headers,
            DATA: self._data,
        }

    def answer(self) -> Answer:
        """Raises what `call.unary` raises, but `TlsFailed`."""
        while self.found is None:
            frame = self.connection.frame()
            handler = self.handlers.get(frame.kind)
            if handler and frame.stream in (0, STREAM):
                handler(frame)
        return self.found

    def _acknowledge(self, frame: Frame) -> None:
        if not frame.flags & ACK:
            payload = frame.payload if frame.kind == PING else b""
            self.connection.send(packed(frame.kind, ACK, 0, payload))

    def _goes_away(self, frame: Frame) -> None:
        last = int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF
        if last < STREAM:
            said = frame.payload[8:].decode("utf-8", "replace")
            error = error_name(int.from_bytes(frame.payload[4:8], "big"))
            self.found = Answer(UNAVAILABLE, f"the server takes no more calls: {error} {said}".rstrip())

    def _reset(self, frame: Frame) -> None:
        code = int.from_bytes(frame.payload[:4], "big")
        self.found = Answer(status_of_reset(code), f"the server reset the call: {error_name(code)}")

    def _headers(self, frame: Frame) -> None:
        self.block += frame.content()
        self.ends = self.ends or (frame.kind == HEADERS and bool(frame.flags & END_STREAM))
        if len(self.block) > MOST:
            raise NoGrpc(f"headers of more than {MOST >> 10} KiB")
        if not frame.flags & END_HEADERS:
            return
        try:
            headers = dict(self.decoder.headers(self.block))
        except ValueError as error:
            raise NoGrpc(str(error)) from error
        self.block = b""
        if headers.get(":status", "").startswith("1"):  # something before the answer
            return
        self.headers.update(headers)
        self._require_grpc()
        if self.ends:
            self._end()

    def _require_grpc(self) -> None:
        """A proxy or a web server on the way speaks HTTP/2 too."""
        kind = self.headers.get("content-type", "")
        if not (kind.startswith("application/grpc") or "grpc-status" in self.headers):
            status = self.headers.get(":status", "")
            raise NoGrpc(f"HTTP/2 with status {status} and content of type {kind or 'none'}")

    def _data(self, frame: Frame) -> None:
        self.data += frame.content()
        stated = _stated(self.data) if len(self.data) >= _PREFIX else 0
        if max(stated, len(self.data) - _PREFIX) > self.limit:
            size = f"{self.limit >> 10} KiB" if self.limit >> 10 else f"{self.limit} bytes"
            self.found = Answer(RESOURCE_EXHAUSTED, f"an answer of {stated} bytes, more than {size}")
        elif frame.flags & END_STREAM:
            self._end()

    def _end(self) -> None:
        given = self.headers.get("grpc-status", "")
        metadata = {name: value for name, value in self.headers.items() if not name.startswith(":")}
        message = _unescaped(self.headers.get("grpc-message", ""))
        if not (re.match("[0-9]{1,3}$", given)):
            self.found = Answer(UNKNOWN, f"it ended with the status {given!r}", metadata=metadata)
        elif int(given) != OK:
            self.found = Answer(int(given), message, metadata=metadata)
        elif len(self.data) < _PREFIX or self.data[0] or len(self.data) - _PREFIX != _stated(self.data):
            self.found = Answer(INTERNAL, "an answer without exactly one plain message", metadata=metadata)
        else:
            self.found = Answer(OK, message, bytes(self.data[_PREFIX:]), metadata)


def _stated(data: bytearray) -> int:
    return int.from_bytes(data[1:_PREFIX], "big")


def _unescaped(text: str) -> str:
    """`grpc-message` is UTF-8 with some bytes as `%XX`."""
    octets = _ESCAPED.sub(lambda found: bytes([int(found.group(1), 16)]), text.encode("latin-1"))
    return octets.decode("utf-8", "replace")
