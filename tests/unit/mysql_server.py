"""A server that speaks as much of MySQL's protocol as our client asks for: for tests on the loopback."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

SALT = bytes(range(65, 85))
Row = Sequence[str | None]


def refusal(number: int, text: str) -> bytes:
    """An error as a server sends it."""
    return b"\xff" + struct.pack("<H", number) + b"#42000" + text.encode()


def _texts(values: Row) -> bytes:
    return b"".join(b"\xfb" if v is None else _length(len(v.encode())) + v.encode() for v in values)


def _length(number: int) -> bytes:
    return bytes([number]) if number < 251 else b"\xfc" + struct.pack("<H", number)


def native(password: str, salt: bytes) -> bytes:
    """The proof of `mysql_native_password`."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    twice = hashlib.sha1(once, usedforsecurity=False).digest()
    mixed = hashlib.sha1(salt + twice, usedforsecurity=False).digest()
    return bytes(a ^ b for a, b in zip(once, mixed, strict=True))


def sha2(password: str, salt: bytes) -> bytes:
    """The proof of `caching_sha2_password`."""
    once = hashlib.sha256(password.encode()).digest()
    mixed = hashlib.sha256(hashlib.sha256(once).digest() + salt).digest()
    return bytes(a ^ b for a, b in zip(once, mixed, strict=True))


class _Line:
    """Packets over a socket."""

    def __init__(self, line: socket.socket) -> None:
        self.line, self.number = line, 0

    def send(self, data: bytes) -> None:
        self.line.sendall(struct.pack("<I", len(data))[:3] + bytes([self.number]) + data)
        self.number += 1

    def receive(self) -> bytes:
        head = self.line.recv(4, socket.MSG_WAITALL)
        if len(head) < 4:
            raise ConnectionError
        self.number = head[3] + 1
        return self.line.recv(int.from_bytes(head[:3], "little"), socket.MSG_WAITALL)


class Server:
    """What the server is asked, and how it answers.

    Args:
        answers: SQL -> rows, or a refusal; anything else is answered without rows.
        login: answers the proof of a login, for a server that does something else than to compare it.
        way: plugin that the greeting names.
    """

    def __init__(
        self,
        answers: Mapping[str, list[Row] | bytes] | None = None,
        *,
        password: str = "s3cret",  # noqa: S107 - of a test
        login: Callable[[_Line, bytes], bool] | None = None,
        way: str = "mysql_native_password",
    ) -> None:
        self.answers, self.password, self.way = answers or {}, password, way
        self.login = login or self._compares
        self.asked: list[str] = []
        self.ended_well = False

    @contextmanager
    def at(self) -> Iterator[str]:
        """Its `host:port` while it serves one session after the other."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            yield f"127.0.0.1:{listener.getsockname()[1]}"

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                try:
                    self._serve(_Line(line))
                except (ConnectionError, OSError):
                    continue

    def _compares(self, line: _Line, proof: bytes) -> bool:
        if proof == native(self.password, SALT):
            return True
        line.send(refusal(1045, "Access denied"))
        return False

    def _serve(self, line: _Line) -> None:
        fixed = b"\0" + struct.pack("<HBHH", 0xF7FF, 45, 2, 0x0008) + bytes([21]) + bytes(10)
        line.send(
            b"\x0a" + b"5.5.5-10.11\0" + bytes(4) + SALT[:8] + fixed + SALT[8:] + b"\0" + self.way.encode() + b"\0"
        )
        said = line.receive()
        place = said.index(b"\0", 32) + 1
        if not self.login(line, said[place + 1 : place + 1 + said[place]]):
            return
        line.send(b"\0\0\0\2\0\0\0")
        while True:
            command = line.receive()
            line.number = 1
            if command[:1] == b"\x01":
                self.ended_well = True
                return
            self._answer(line, command[1:].decode())

    def _answer(self, line: _Line, sql: str) -> None:
        self.asked.append(sql)
        answer: Any = self.answers.get(sql, [])
        if isinstance(answer, bytes):
            line.send(answer)
            return
        if not answer:
            line.send(b"\0\0\0\2\0\0\0")
            return
        line.send(_length(len(answer[0])))
        for _ in answer[0]:
            line.send(b"\x03def" + bytes(20))
        line.send(b"\xfe\0\0\2\0")
        for row in answer:
            line.send(_texts(row))
        line.send(b"\xfe\0\0\2\0")
