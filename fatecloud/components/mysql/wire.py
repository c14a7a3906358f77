"""Runs on the node: a conversation with a MySQL or MariaDB server, in its own protocol.

Only what a question or a migration needs: a login, and SQL with its rows as text. Without TLS, as FATE's own drivers
connect. Written into the scripts that use it, see `script_text`.

The protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html, and what MariaDB adds:
https://mariadb.com/kb/en/clientserver-protocol/
"""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterator

from fatecloud.probing.dialing import connected, readable
from fatecloud.probing.patience import patient

NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"
_CAPABILITIES = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000
"""Long passwords, protocol 4.1 with its authentication, transactions, names of the ways to log in."""
# Number of `utf8mb4_general_ci`, which MySQL and MariaDB both have.
_UTF8MB4 = 45
_WHOLE = (1 << 24) - 1
"""Length of a packet that another one continues."""
_MOST = 64 << 20
"""Bytes of an answer's part; `max_allowed_packet` of MySQL 8 has this default."""
_GREETING = 1 << 12
"""Bytes of a server's first words; they have some hundred."""
# What the first byte of a packet means; 0xFB is a column's.
_DONE, _MORE, _NULL, _END, _REFUSED = 0x00, 0x01, 0xFB, 0xFE, 0xFF


class SqlError(Exception):
    """The server refused something: the number of its error, such as 1045, and its words."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{number} {text}")
        self.number = number


class NotMysql(ValueError):
    """What answers does not speak the protocol."""


class NoPlainLogin(Exception):
    """The account has a way to log in that takes more than a password over a plain connection."""


class NoAnswer(socket.timeout):
    """The server took the connection, and then said nothing in time."""


class Session:
    """A session with a server.

    Args:
        where: `host:port`.
        user: account.
        password: of the account; it leaves this process only as a digest.
        seconds: for the connection, and for each part of an answer.

    Raises:
        OSError: there is no connection, or it broke.
        NotMysql: something else answers there.
        SqlError: the login was refused.
        NoPlainLogin: the server wants more than a password.
    """

    def __init__(self, where: str, user: str, password: str, seconds: float) -> None:
        self._line = connected(where, seconds)
        self._line.settimeout(patient(seconds))
        self._count = 0
        try:
            self._log_in(user.encode(), password.encode())
        except BaseException:
            self._line.close()
            raise

    def close(self) -> None:
        """End the session with a farewell: servers count one without as aborted."""
        try:
            self._send(b"\x01", first=True)
        except OSError:
            pass
        finally:
            self._line.close()

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """All rows of an answer; empty if the statement returns none. Raises like `each`."""
        return list(self.each(sql))

    def each(self, sql: str) -> Iterator[tuple[str | None, ...]]:
        """Row after row of an answer. Read them all before the next one is asked for.

        Raises:
            SqlError: the server refused it.
            OSError: the connection broke.
        """
        self._send(b"\x03" + sql.encode(), first=True)
        head = self._receive()
        if head[0] == _DONE:
            return
        columns, _ = _number(head, 0)
        for _ in range(columns + 1):  # each column's definition, and what ends them
            self._receive()
        while True:
            row = self._receive()
            if row[0] == _END and len(row) < 9:  # noqa: PLR2004 - a longer one is a row that begins with a long text
                return
            yield _values(row, columns)

    def _log_in(self, user: bytes, password: bytes) -> None:
        way, salt = _greeting(self._receive(_GREETING))
        head = struct.pack("<IIB23x", _CAPABILITIES, _WHOLE, _UTF8MB4)
        proof = _proof(way, password, salt)
        self._send(head + user + b"\0" + bytes([len(proof)]) + proof + way.encode() + b"\0")
        while True:
            answer = self._receive()
            if answer[0] == _DONE:
                return
            if answer[0] == _END and len(answer) > 1:
                name, _, salt = answer[1:].partition(b"\0")
                way = readable(name.decode("latin-1"))
                if way not in (NATIVE, SHA2):
                    raise NoPlainLogin(f"the account logs in by {way}")
                self._send(_proof(way, password, salt.rstrip(b"\0")))
            elif answer[:2] != bytes([_MORE, 3]):  # 3: the server remembers the password, and says so before it agrees
                raise NoPlainLogin(f"the account logs in by {way}, which needs an encrypted connection")

    def _send(self, data: bytes, *, first: bool = False) -> None:
        # Packets of one exchange are numbered, and the server refuses a wrong number.
        self._count = 0 if first else self._count
        # A packet of the greatest length is followed by another one, if need be an empty one.
        for begin in range(0, len(data) + 1, _WHOLE):
            part = data[begin : begin + _WHOLE]
            self._line.sendall(struct.pack("<I", len(part))[:3] + bytes([self._count]) + part)
            self._count = (self._count + 1) % 256

    def _receive(self, most: int = _MOST) -> bytes:
        """One packet, never empty. Raises SqlError where it is a refusal."""
        data, length = b"", _WHOLE
        while length == _WHOLE:
            head = self._exactly(4)
            length = int.from_bytes(head[:3], "little")
            if len(data) + length > most:
                raise NotMysql("an answer that is longer than any of this protocol")
            data += self._exactly(length)
            self._count = (head[3] + 1) % 256
        if not data:
            raise NotMysql("an empty answer")
        if data[0] == _REFUSED:
            number = int.from_bytes(data[1:3], "little")
            text = data[9:] if data[3:4] == b"#" else data[3:]
            raise SqlError(number, readable(text.decode("utf-8", "replace"), 300))
        return data

    def _exactly(self, length: int) -> bytes:
        parts, left = [], length
        while left:
            try:
                part = self._line.recv(min(left, 1 << 20))
            except socket.timeout as error:  # noqa: UP041 - another class before Python 3.10
                raise NoAnswer(str(error)) from None
            if not part:
                raise ConnectionResetError("the server ended the connection")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _greeting(data: bytes) -> tuple[str, bytes]:
    """By what the server wants to be logged in to first, and its salt."""
    _, zero, rest = data[1:].partition(b"\0")
    if data[0] != 10 or not zero or len(rest) < 32:  # noqa: PLR2004 - version of the protocol; the fixed part
        raise NotMysql(f"an answer that begins with {readable(data[:20].decode('latin-1'))!r}")
    salt = rest[4:12] + rest[31 : 31 + max(12, rest[20] - 9)]
    name = rest[31 + max(13, rest[20] - 8) :].rstrip(b"\0").decode("latin-1")
    # Another way to log in is only the server's default: it asks for the account's own way in its next packet.
    return name if name in (NATIVE, SHA2) else NATIVE, salt[:20]


def _proof(way: str, password: bytes, salt: bytes) -> bytes:
    """What shows that we know the password, without saying it."""
    if not password:
        return b""
    make = hashlib.sha256 if way == SHA2 else hashlib.sha1
    once = make(password).digest()
    twice = make(once).digest()
    # The two ways differ in the hash and in the order of its parts.
    mixed = make(twice + salt if way == SHA2 else salt + twice).digest()
    return bytes(a ^ b for a, b in zip(once, mixed))  # noqa: B905 - `strict` is not there before Python 3.10


def _values(row: bytes, columns: int) -> tuple[str | None, ...]:
    found: list[str | None] = []
    place = 0
    for _ in range(columns):
        if row[place] == _NULL:
            found.append(None)
            place += 1
            continue
        length, place = _number(row, place)
        found.append(row[place : place + length].decode("utf-8", "surrogateescape"))
        place += length
    return tuple(found)


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and the place after it."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(data[place], 0)
    if not size:
        return data[place], place + 1
    return int.from_bytes(data[place + 1 : place + 1 + size], "little"), place + 1 + size
