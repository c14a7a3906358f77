"""Runs on the node: one GET of one page.

By hand, because the imports of `http.client` (mail headers, TLS) cost a node 30 ms of CPU, as much as several of the
requests. Written into the scripts that use it, see `script_text`.
"""

from __future__ import annotations

import re
import socket
import time

LIMIT = 16 << 20
"""Bytes of an answer; no page that we ask for comes near."""
STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})(?: ([^\r\n]*))?\r?\n")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class NoHttp(ValueError):
    """What came back is no whole answer in HTTP."""


def get(
    host: str, port: int, path: str, *, timeout: float, headers: dict[str, str] | None = None
) -> tuple[int, str, bytes]:
    """Status, reason and body of a page.

    In HTTP/1.0, so that the server sends it in one piece and hangs up; one that tells a length need not hang up.

    Args:
        host: name or address; an IPv6 address without brackets.
        path: with the query, as it is to be sent.
        timeout: seconds for all of it.

    Raises:
        TimeoutError: it took longer (`socket.timeout` before Python 3.10).
        OSError: there is no connection, or it broke.
        NoHttp: the answer is something else, or not all of it.
    """
    until = time.monotonic() + timeout
    shown = f"[{host}]" if ":" in host else host
    lines = [f"GET {path} HTTP/1.0", *(f"{k}: {v}" for k, v in {"Host": f"{shown}:{port}", **(headers or {})}.items())]
    said = bytearray()
    with socket.create_connection((host, port), timeout) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        while len(said) <= LIMIT:
            connection.settimeout(max(0.001, until - time.monotonic()))
            part = connection.recv(1 << 16)
            said += part
            if not part or _is_whole(said):
                return _parsed(bytes(said))
    raise NoHttp(f"an answer of more than {LIMIT >> 20} MiB")


def _is_whole(said: bytearray) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    length = LENGTH.search(head + b"\r\n")
    return length is not None and len(body) >= int(length.group(1))


def _parsed(said: bytes) -> tuple[int, str, bytes]:
    if not said:
        raise ConnectionResetError("the connection was closed without an answer")
    head, _, body = said.partition(b"\r\n\r\n")
    status, length = STATUS.match(head + b"\r\n"), LENGTH.search(head + b"\r\n")
    if status is None:
        raise NoHttp(f"an answer that begins with {said[:40]!r}")
    if length and len(body) < int(length.group(1)):
        raise NoHttp(f"{len(body)} of {length.group(1).decode()} bytes, then the connection ended")
    return int(status.group(1)), (status.group(2) or b"").decode("latin-1"), body
