"""Members of a zip, which needs a file on a disk: its list of members is at its end."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from fatecloud.artifacts.packages.bounds import Bounds, Budget, Fault
from fatecloud.artifacts.packages.member import Member, MemberKind
from fatecloud.artifacts.packages.streams import Peekable

MAGIC = b"PK\x03\x04"
_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 0xFFFF
_LOCATOR, _LOCATOR_SIZE, _END64, _END64_SIZE = b"PK\x06\x07", 20, b"PK\x06\x06", 56
_ENCRYPTED = 0x1
_UNIX = 3
_LONGEST_TARGET = 4096


@contextmanager
def opened(file: IO[bytes], bounds: Bounds) -> Iterator[zipfile.ZipFile]:
    """A zip whose list of members has a bound. Raises Fault, also for what is wrong with a member that is read."""
    _require_bounded(file, bounds)
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise Fault(f"it is damaged: {error}") from None


def members(archive: zipfile.ZipFile, budget: Budget) -> Iterator[Member]:
    """The members in the order of the list. Their sizes count before any of them is read.

    Raises:
        Fault: over a bound.
    """
    for info in archive.infolist():
        budget.member()
        budget.spend(info.file_size)
    for info in archive.infolist():
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        kind = _kind(info, mode)
        if info.flag_bits & _ENCRYPTED:
            yield Member(info.filename, kind, 0, mode, "", Peekable(_Nothing()), "is encrypted, and has to be readable")
        elif kind in ("directory", "other"):
            yield Member(info.filename, kind, 0, mode, "", Peekable(_Nothing()))
        else:
            with archive.open(info) as content:
                target = content.read(_LONGEST_TARGET).decode("utf-8", "replace") if kind == "link" else ""
                yield Member(info.filename, kind, info.file_size, mode, target, Peekable(content))


class _Nothing:
    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002 - as every stream has it
        return b""


def _kind(info: zipfile.ZipInfo, mode: int) -> MemberKind:
    if info.is_dir():
        return "directory"
    kind = stat.S_IFMT(mode)
    return "link" if kind == stat.S_IFLNK else "file" if kind in (0, stat.S_IFREG) else "other"


def _require_bounded(file: IO[bytes], bounds: Bounds) -> None:
    """Read the end of a zip: Python takes the list into memory in whatever size the end claims."""
    end = file.seek(0, os.SEEK_END)
    start = max(0, end - _END_SIZE - _COMMENT - _LOCATOR_SIZE)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise Fault("it is truncated: the list of members at its end is missing")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    locator = tail[max(0, at - _LOCATOR_SIZE) : at]
    if locator.startswith(_LOCATOR):
        file.seek(min(end, int.from_bytes(locator[8:16], "little")))
        large = file.read(_END64_SIZE)
        if large.startswith(_END64) and len(large) == _END64_SIZE:
            count = int.from_bytes(large[32:40], "little")
            size = int.from_bytes(large[40:48], "little")
    if count > bounds.members or size > bounds.directory:
        raise Fault(f"it has a list of {count} members, at most {bounds.members} are allowed", fatal=True)
    file.seek(0)
