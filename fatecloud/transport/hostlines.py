"""Reads the lines of a known_hosts file, the damaged ones too."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fatecloud.transport.library import paramiko

REVOKED = "@revoked"
_MARKERS = (REVOKED + " ", REVOKED + "\t", "@cert-authority ", "@cert-authority\t")
"""What may lead a line of OpenSSH's, see sshd(8). Authorities for certificates are left to OpenSSH."""

_SHA1 = 20
"""Bytes."""
_LENGTH = 4
"""Bytes of the number that leads each field of a key."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is neither empty nor a comment."""

    number: int
    marker: str
    """`@revoked`, `@cert-authority`, or empty."""
    blob: bytes | None
    """The key as it travels; None where the line is damaged."""
    text: str
    """Without its marker."""

    def entry(self) -> paramiko.hostkeys.HostKeyEntry | None:
        """What the library makes of a whole line; None for a type of key that it does not know."""
        with suppress(Exception):  # bytes that are not a key raise what they like, deep in the library
            return paramiko.hostkeys.HostKeyEntry.from_line(self.text, self.number)
        return None


def read(path: Path) -> Iterator[Line]:
    """Each line. Raises OSError.

    The library's own reader gives up at the first damaged line, and the keys of all other nodes would be lost with it.
    """
    if not path.exists():
        return
    # Bytes, because a damaged file need not be text, and line numbers have to be those that an editor shows.
    for number, raw in enumerate(path.read_bytes().split(b"\n"), 1):
        text = raw.decode("utf-8", "replace").strip()
        if not text or text.startswith("#"):
            continue
        marker, text = text.split(None, 1) if text.startswith(_MARKERS) else ("", text)
        # Half a marker's line is that of the marker: `@revoked` alone does not say whose key it was about.
        if text == REVOKED:
            marker, text = REVOKED, ""
        yield Line(number, marker, _blob(text), text)


def _is_host(name: str) -> bool:
    """Whether it is a name, or a hashed one: `|1|`, the salt, `|`, the SHA-1. The library fails at half of one."""
    if not name.startswith("|"):
        return True
    try:
        _, version, *parts = name.split("|")
        return version == "1" and [len(base64.b64decode(part, validate=True)) for part in parts] == [_SHA1, _SHA1]
    except ValueError:
        return False


def _blob(text: str) -> bytes | None:
    """The key, if a line has hosts, a type and fields of a key of that type, as RFC 4253, 6.6 has them."""
    words = text.split()
    try:
        hosts, kind, encoded = words[:3]
        blob = rest = base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
    if not all(map(_is_host, hosts.split(","))):
        return None
    fields = []
    while len(rest) >= _LENGTH:
        end = _LENGTH + int.from_bytes(rest[:_LENGTH], "big")
        fields.append(rest[_LENGTH:end])
        complete, rest = end <= len(rest), rest[end:]
        if not complete:
            return None
    # The type is in the line and again in the key; a key of another type than it says is a damaged one.
    return blob if not rest and len(fields) > 1 and fields[0] == kind.encode() else None
