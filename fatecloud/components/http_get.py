"""Runs on the node: one GET or POST of one page.

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

    Args:
        host: name or address; an IPv6 address without brackets.
        path: with the query, as it is to be sent.
        timeout: seconds for all of it.

    Raises:
        TimeoutError: it took longer (`socket.timeout` before Python 3.10).
        OSError: there is no connection, or it broke.
        NoHttp: the answer is something else, or not all of it.
    """
    return _exchange("GET", host, port, path, timeout, headers or {}, b"")


def post(
    host: str, port: int, path: str, body: bytes, *, timeout: float, headers: dict[str, str] | None = None
) -> tuple[int, str, bytes]:
    """Status, reason and body of the answer to a JSON document; see `get`."""
    more = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    return _exchange("POST", host, port, path, timeout, more, body)


def _exchange(
    verb: str, host: str, port: int, path: str, timeout: float, headers: dict[str, str], content: bytes
) -> tuple[int, str, bytes]:
    """One request in HTTP/1.0: the server sends its answer in one piece and hangs up, unless it states a length."""
    until = time.monotonic() + timeout
    shown = f"[{host}]" if ":" in host else host
    lines = [f"{verb} {path} HTTP/1.0", *(f"{k}: {v}" for k, v in {"Host": f"{shown}:{port}", **headers}.items())]
    said = bytearray()
    with socket.create_connection((host, port), timeout) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + content)
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
