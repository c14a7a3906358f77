"""Runs on the node: ZooKeeper's own protocol, as far as fatecloud speaks it.

Messages are those of `zookeeper.jute` in ZooKeeper's source: a length of four bytes, then numbers in network order, and
texts with their length before them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import Any

from fatecloud.probing.dialing import connected, readable
from fatecloud.probing.patience import patient

TIMEOUT = 5
MOST = 256 << 10
"""Bytes of an answer."""
NAME_MOST = 2000
"""Characters of a name: Serving's say all about what is registered."""
GET_ACL, SET_ACL, CHILDREN, CLOSE, AUTH = 6, 7, 8, -11, 100
AUTH_XID = -4
ALL = 31
"""Read, write, create, delete, and change the list of those who may."""
GONE, NO_AUTH, AUTH_FAILED = -101, -102, -115
NOT_SERVING = "not currently serving requests"


class Refused(Exception):
    """ZooKeeper answered with an error; its number is the argument."""


def words(host: str, port: int, command: str) -> str:
    """The answer to a command of four letters. Raises OSError."""
    with connected(f"[{host}]:{port}", TIMEOUT) as connection:
        connection.settimeout(patient(TIMEOUT))
        connection.sendall(command.encode())
        found = b""
        while len(found) < MOST:
            part = connection.recv(8192)
            if not part:
                break
            found += part
    return found.decode(errors="replace")


def digest(account: str, password: str) -> str:
    """How an account is written in a list of those who may: `fate:<SHA-1, in base64>`."""
    both = f"{account}:{password}".encode()
    return f"{account}:{base64.b64encode(hashlib.sha1(both).digest()).decode()}"  # noqa: S324 - ZooKeeper's own


def account_in(path: str) -> tuple[str, str]:
    """Account and password, from the service's own file."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a node as much as the question
        found: dict[str, Any] = json.load(file)
    return str(found["account"]), str(found["password"])


def text(value: str) -> bytes:
    """A text as ZooKeeper writes it."""
    return struct.pack("!i", len(value.encode())) + value.encode()


class Session:
    """A session of a client. Every method raises OSError, ValueError for another protocol, or Refused."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = connected(f"[{host}]:{port}", TIMEOUT)
        self._socket.settimeout(patient(TIMEOUT))
        self._next = 1
        try:
            # Protocol, last transaction seen, milliseconds until it ends, id and password of a new session.
            self._send(struct.pack("!iqiq", 0, 0, 10000, 0) + text("\0" * 16) + b"\0")
            self._receive()
        except (OSError, ValueError):
            self._socket.close()
            raise

    def login(self, account: str, password: str) -> None:
        """Prove who we are. ZooKeeper says yes to any password: it counts where a list names the account."""
        self._ask(AUTH, struct.pack("!i", 0) + text("digest") + text(f"{account}:{password}"), AUTH_XID)

    def acl(self, path: str) -> list[tuple[int, str, str]]:
        """Who may do what with a path: rights, scheme and id."""
        answer = self._ask(GET_ACL, text(path))
        (count,), place = struct.unpack_from("!i", answer), 4
        found = []
        for _ in range(min(count, 1000)):
            (rights,) = struct.unpack_from("!i", answer, place)
            scheme, place = _text_at(answer, place + 4)
            name, place = _text_at(answer, place)
            found.append((rights, scheme, name))
        return found

    def set_acl(self, path: str, entries: list[tuple[int, str, str]]) -> None:
        """Replace the list of those who may."""
        body = b"".join(struct.pack("!i", rights) + text(scheme) + text(name) for rights, scheme, name in entries)
        self._ask(SET_ACL, text(path) + struct.pack("!i", len(entries)) + body + struct.pack("!i", -1))

    def children(self, path: str) -> list[str]:
        """The names of the nodes below one."""
        answer = self._ask(CHILDREN, text(path) + b"\0")
        (count,) = struct.unpack_from("!i", answer)
        found, place = [], 4
        for _ in range(max(0, count)):
            name, place = _text_at(answer, place)
            found.append(name)
        return found

    def close(self) -> None:
        """End the session at once, so that nothing of it stays until its time is over."""
        try:
            self._ask(CLOSE, b"")
        finally:
            self._socket.close()

    def _ask(self, kind: int, body: bytes, xid: int = 0) -> bytes:
        if not xid:
            xid, self._next = self._next, self._next + 1
        # The server answers in the order of the requests, with the number of each.
        self._send(struct.pack("!ii", xid, kind) + body)
        answer = self._receive()
        got, _, error = struct.unpack_from("!iqi", answer)
        if got != xid:
            raise ValueError(f"an answer to {got} instead of {xid}")
        if error:
            raise Refused(error)
        return answer[16:]

    def _send(self, body: bytes) -> None:
        self._socket.sendall(struct.pack("!i", len(body)) + body)

    def _receive(self) -> bytes:
        (length,) = struct.unpack("!i", self._exactly(4))
        if not 0 <= length <= MOST:
            raise ValueError(f"an answer of {length} bytes")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise ConnectionResetError("connection closed")
            found += part
        return found


def _text_at(data: bytes, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("!i", data, place)
    end = place + 4 + max(0, length)
    return readable(data[place + 4 : end].decode(errors="replace"), NAME_MOST), end
