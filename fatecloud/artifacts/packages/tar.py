"""Members of a tar of any dialect, one after the other from a stream, with a bound on everything that is kept.

Python's tarfile reads the long names and attributes of a member into memory, in whatever size the file claims for them,
keeps all members, and takes a file that ends early for one that is complete.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from fatecloud.artifacts.packages.bounds import Bounds, Fault
from fatecloud.artifacts.packages.member import Member, MemberKind
from fatecloud.artifacts.packages.streams import Peekable, drain
from fatecloud.artifacts.store import CHUNK, Readable

BLOCK = tarfile.BLOCKSIZE
_KINDS: dict[bytes, MemberKind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "same",
}
_ATTRIBUTES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_MOST_DIGITS = 12


class _Content:
    """The bytes of one member."""

    def __init__(self, stream: Readable, size: int, name: str) -> None:
        self._stream, self._left, self._name = stream, size, name

    def read(self, size: int = -1, /) -> bytes:
        wanted = min(self._left, CHUNK if size < 0 else size)
        data = self._stream.read(wanted) if wanted else b""
        if wanted and not data:
            raise Fault(f"it is truncated: it ends in the middle of {self._name!r}")
        self._left -= len(data)
        return data


def is_tar(head: bytes) -> bool:
    """Whether a block is the first one of a tar: its sum is right."""
    try:
        return len(head) == BLOCK and bool(tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape"))
    except (tarfile.HeaderError, ValueError):
        return False


def members(stream: Readable, bounds: Bounds) -> Iterator[Member]:
    """The members in their order. What follows the end mark is read and dropped, so that damage there is found.

    Raises:
        Fault: it is damaged, or ends before its end mark.
    """
    attributes: dict[str, str] = {}
    while (block := _exactly(stream, BLOCK)).strip(b"\0"):
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise Fault(f"it is damaged: {error}") from None
        if info.size < 0:
            raise Fault(f"it is damaged: {info.name!r} claims a size below zero")
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            key = "path" if info.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
            attributes[key] = _text(_header(stream, info.size, bounds).rstrip(b"\0"))
        elif info.type in _ATTRIBUTES:
            attributes |= _pax(_header(stream, info.size, bounds))
        elif info.type == tarfile.XGLTYPE:
            _header(stream, info.size, bounds)
        else:
            yield from _member(stream, info, attributes)
            attributes = {}
    drain(stream)


def _member(stream: Readable, info: tarfile.TarInfo, attributes: dict[str, str]) -> Iterator[Member]:
    kind = _KINDS.get(info.type, "other")
    if any(key.startswith("GNU.sparse") for key in attributes):
        kind = "other"
    size = info.size if kind in ("file", "other") else 0
    if kind == "file" and (given := attributes.get("size")) is not None:
        if not (given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS):
            raise Fault(f"it is damaged: a size of {given[:40]!r}")
        size = int(given)
    name = attributes.get("path", info.name)
    content = _Content(stream, size, name)
    yield Member(name, kind, size, info.mode, attributes.get("linkpath", info.linkname), Peekable(content))
    drain(content)
    _exactly(stream, -size % BLOCK)


def _header(stream: Readable, size: int, bounds: Bounds) -> bytes:
    if size > bounds.header:
        raise Fault(f"it has a name or attributes of {size} bytes, at most {bounds.header} are read", fatal=True)
    data = _exactly(stream, size)
    _exactly(stream, -size % BLOCK)
    return data


def _exactly(stream: Readable, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = stream.read(size - len(found))
        if not more:
            raise Fault("it is truncated: it ends before its end mark")
        found += more
    return found


def _pax(data: bytes) -> dict[str, str]:
    """Attributes, each `length key=value` and a line break, of which the length counts all."""
    found: dict[str, str] = {}
    while data.strip(b"\0"):
        digits, space, _ = data[: _MOST_DIGITS + 1].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        if not len(digits) + 1 < length <= len(data):
            raise Fault("it is damaged: attributes of a member cannot be read")
        key, _, value = data[len(digits) + 1 : length - 1].partition(b"=")
        found[_text(key)] = _text(value)
        data = data[length:]
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
