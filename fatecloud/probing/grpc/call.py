"""One unary call of gRPC, on a connection of its own: what a probe needs of gRPC, in the standard library.

A node has no grpcio for us, and to import it takes several times as long as all of this. gRPC's PROTOCOL-HTTP2.md
describes the protocol. What a server answers is input: it is bounded in size and time.
"""

from __future__ import annotations

import struct
import time
from typing import Any

from fatecloud.probing.connecting import connection_to
from fatecloud.probing.grpc.answer import LIMIT, STREAM, Answer, Reply
from fatecloud.probing.grpc.failures import TlsFailed
from fatecloud.probing.grpc.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    LARGEST,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    Connection,
    packed,
)
from fatecloud.probing.grpc.hpack import MOST, encoded
from fatecloud.probing.patience import patient

_WINDOW = 65535
"""Bytes that each side may send before it hears otherwise, and so what a request may have."""
_NO_PUSH, _STREAM_WINDOW, _HEADER_ROOM = 2, 4, 6
"""Numbers of settings."""
_LATER = 1.0
"""Seconds by which the server's time limit is behind ours: otherwise chance decides which one of both is seen."""


def unary(
    host: str,
    port: int,
    path: str,
    message: bytes = b"",
    *,
    timeout: float,
    metadata: dict[str, str] | None = None,
    tls: Any = None,
    limit: int = LIMIT,
) -> Answer:
    """Call a method, and return the status with which the server answers.

    Args:
        host: name or address; an IPv6 address without brackets.
        path: `/package.Service/method`.
        message: the request, encoded, below 64 KiB.
        timeout: seconds for all of it, but a name server's answer.
        metadata: names in lower case; both ASCII.
        tls: a `tls.Tls`; None for plain text. Only who needs it pays for the import.
        limit: bytes of the answer; a longer one is the status RESOURCE_EXHAUSTED. We hang up on it, which a server of
            grpc-java logs as a warning, whatever we send before.

    Raises:
        Silent: there is a connection, and nothing came over it in time.
        Unanswered: the server speaks HTTP/2, and did not answer in time.
        TimeoutError: there was no connection in time.
        NoGrpc: what answers is something else.
        TlsFailed: no TLS came about.
        OSError: there is no connection, or it broke.
        ValueError: the request is too long.
    """
    timeout = patient(timeout)
    until = time.monotonic() + timeout
    request = _request(host, port, path, message, timeout, metadata or {}, "https" if tls else "http", limit)
    with connection_to(host, port, timeout) as line:
        line.settimeout(max(0.001, until - time.monotonic()))
        with tls.secured(line, host) if tls else line as secured:
            connection = Connection(secured, until)
            try:
                connection.send(request)
                return Reply(connection, limit).answer()
            except OSError as error:
                if type(error).__module__ == "ssl":  # a server may refuse our certificate behind the handshake
                    raise TlsFailed.because(error) from error
                raise


def _request(
    host: str, port: int, path: str, message: bytes, timeout: float, metadata: dict[str, str], scheme: str, limit: int
) -> bytes:
    """All that we have to say, in one piece."""
    body = b"\0" + struct.pack(">I", len(message)) + message
    if len(body) > _WINDOW:
        raise ValueError(f"a request of {len(message)} bytes: without an exchange about it, {_WINDOW - 5} are the most")
    name = f"[{host}]" if ":" in host else host
    headers = encoded(
        [
            (":method", "POST"),
            (":scheme", scheme),
            (":path", path),
            (":authority", f"{name}:{port}"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "fatecloud"),
            ("grpc-timeout", f"{int((timeout + _LATER) * 1000)}m"),
            *metadata.items(),
        ]
    )
    window = limit + 5
    settings = {_NO_PUSH: 0, _STREAM_WINDOW: window, _HEADER_ROOM: MOST}
    parts = [body[start : start + LARGEST] for start in range(0, len(body), LARGEST)]
    return b"".join(
        [
            PREFACE,
            packed(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *setting) for setting in settings.items())),
            packed(WINDOW_UPDATE, 0, 0, struct.pack(">I", max(1, window - _WINDOW))),
            packed(HEADERS, END_HEADERS, STREAM, headers),
            *(packed(DATA, 0, STREAM, part) for part in parts[:-1]),
            packed(DATA, END_STREAM, STREAM, parts[-1]),
        ]
    )
