"""Streams that archives are read from: with a look ahead, counted, hashed, and with memory that has a bound."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from fatecloud.artifacts.packages.bounds import Budget, Fault
from fatecloud.artifacts.store import CHUNK, Readable

_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


class Peekable:
    """A stream whose beginning can be looked at before it is read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer at the end; they are read again later."""
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end."""
        if self._ahead:
            end = len(self._ahead) if size < 0 else size
            taken, self._ahead = self._ahead[:end], self._ahead[end:]
            return taken
        return self._stream.read(size)


class Hashed:
    """A stream of which the MD5 is kept, as upstream's lists have it. It protects from damage, not from anyone."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._digest = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end."""
        data = self._stream.read(size)
        self._digest.update(data)
        return data

    def rest(self) -> str:
        """The MD5 of all of it, hexadecimal; reads what was not read so far."""
        drain(self)
        return self._digest.hexdigest()


class Counted:
    """A stream whose bytes count as unpacked."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end. Raises Fault over a bound."""
        data = self._stream.read(CHUNK if size < 0 else min(size, CHUNK))
        self._budget.spend(len(data))
        return data


class _Xz:
    """The content of an .xz, whose own reader in Python has no bound for memory."""

    def __init__(self, stream: Readable, memory: int) -> None:
        self._stream = stream
        self._make: Callable[[], lzma.LZMADecompressor] = lambda: lzma.LZMADecompressor(memlimit=memory)
        self._now = self._make()

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end. Raises EOFError, LZMAError."""
        while True:
            if self._now.eof:
                following = (self._now.unused_data or self._stream.read(CHUNK)).lstrip(b"\0")
                if not following:
                    return b""
                self._now = self._make()
                data = self._now.decompress(following, size)
            else:
                packed = self._stream.read(CHUNK) if self._now.needs_input else b""
                if self._now.needs_input and not packed:
                    raise EOFError("it ends before its end mark")
                data = self._now.decompress(packed, size)
            if data:
                return data


def decompressed(stream: Peekable, budget: Budget) -> Readable | None:
    """The content of a compressed stream, by its first bytes; None if it is not one."""
    head = stream.peek(6)
    if head.startswith(b"\x1f\x8b"):
        return Counted(gzip.GzipFile(fileobj=cast("IO[bytes]", stream), mode="rb"), budget)
    if head.startswith(b"BZh"):
        return Counted(bz2.BZ2File(cast("IO[bytes]", stream), "rb"), budget)
    if head == b"\xfd7zXZ\x00":
        return Counted(_Xz(stream, budget.bounds.dictionary), budget)
    return None


@contextmanager
def damage_named() -> Iterator[None]:
    """Turn what decompressors raise into a Fault. An error of the disk stays one."""
    try:
        yield
    except _DAMAGED as error:
        ends = isinstance(error, EOFError)
        raise Fault("it is truncated: it ends before its end mark" if ends else f"it is damaged: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise Fault(f"it is damaged: {error}") from None


def drain(stream: Readable) -> None:
    """Read the rest."""
    while stream.read(CHUNK):
        pass
