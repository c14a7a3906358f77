"""Runs on the node: one GET or POST of one page.

Written by hand, because the imports of `http.client` (mail headers, TLS) cost a node 30 ms of CPU, as much as several
requests.
"""

from __future__ import annotations

import re
import socket
import time

from fatecloud.probing.connecting import connection_to
from fatecloud.probing.patience import patient

LIMIT = 16 << 20
"""Bytes of an answer of our own services; no page that we ask for comes near. What others run gets a smaller one."""
STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})(?: ([^\r\n]*))?\r?\n")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
COOKIE = re.compile(rb"\r\nset-cookie: *([^;\r\n]+)", re.IGNORECASE)


class NoHttp(ValueError):
    """The answer is not complete HTTP."""


def get(
    host: str, port: int, path: str, *, timeout: float, headers: dict[str, str] | None = None, limit: int | None = None
) -> tuple[int, str, bytes]:
    """Status, reason and body of a page.

    Args:
        host: name or address; an IPv6 address without brackets.
        path: with the query, as it is sent.
        timeout: seconds for all of it.
        limit: bytes of the whole answer; None for `LIMIT`.

    Raises:
        TimeoutError: it took longer.
        OSError: there is no connection, or it broke.
        NoHttp: the answer is something else, or not all of it.
    """
    request = _head("GET", host, port, path, headers or {})
    return _parsed(_exchange(host, port, request, timeout, LIMIT if limit is None else limit))


def post(
    host: str, port: int, path: str, body: bytes, *, timeout: float, headers: dict[str, str], limit: int
) -> tuple[int, str, bytes]:
    """Status, reason and body of the answer to a JSON document; see `get`."""
    return _parsed(_posted(host, port, path, body, timeout, headers, limit))


def post_for_cookies(
    host: str, port: int, path: str, body: bytes, *, timeout: float, headers: dict[str, str], limit: int
) -> tuple[int, str, bytes, str]:
    """As `post`, and the cookies that the answer sets, as a client sends them back; empty for none."""
    received = _posted(host, port, path, body, timeout, headers, limit)
    cookies = COOKIE.findall(received.partition(b"\r\n\r\n")[0])
    return (*_parsed(received), b"; ".join(cookies).decode("latin-1"))


def _posted(host: str, port: int, path: str, body: bytes, timeout: float, headers: dict[str, str], limit: int) -> bytes:
    more = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    return _exchange(host, port, _head("POST", host, port, path, more) + body, timeout, limit)


def _head(verb: str, host: str, port: int, path: str, headers: dict[str, str]) -> bytes:
    """A request in HTTP/1.0: the server sends its answer in one piece and hangs up, unless it states a length."""
    name = f"[{host}]" if ":" in host else host
    lines = [f"{verb} {path} HTTP/1.0", *(f"{k}: {v}" for k, v in {"Host": f"{name}:{port}", **headers}.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _exchange(host: str, port: int, request: bytes, timeout: float, limit: int) -> bytes:
    timeout = patient(timeout)
    until = time.monotonic() + timeout
    received = bytearray()
    with connection_to(host, port, timeout) as connection:
        connection.settimeout(max(0.001, until - time.monotonic()))
        connection.sendall(request)
        while len(received) <= limit:
            connection.settimeout(max(0.001, until - time.monotonic()))
            try:
                part = connection.recv(1 << 16)
            except socket.timeout as late:  # noqa: UP041 - two classes before Python 3.10
                raise TimeoutError(str(late)) from late
            received += part
            if not part or _is_whole(received):
                return bytes(received)
    raise NoHttp(f"an answer of more than {f'{limit >> 20} MiB' if limit >> 20 else f'{limit >> 10} KiB'}")


def _is_whole(received: bytearray) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    length = LENGTH.search(head + b"\r\n")
    return length is not None and len(body) >= int(length.group(1))


def _parsed(received: bytes) -> tuple[int, str, bytes]:
    if not received:
        raise ConnectionResetError("the connection was closed without an answer")
    head, _, body = received.partition(b"\r\n\r\n")
    status, length = STATUS.match(head + b"\r\n"), LENGTH.search(head + b"\r\n")
    if status is None:
        raise NoHttp(f"an answer that begins with {received[:40]!r}")
    if length and len(body) < int(length.group(1)):
        raise NoHttp(f"{len(body)} of {length.group(1).decode()} bytes, then the connection ended")
    return int(status.group(1)), (status.group(2) or b"").decode("latin-1"), body
