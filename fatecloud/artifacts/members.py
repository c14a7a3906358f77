"""Members of a tar file that a stranger may have made: plain files only, one after the other, nothing read ahead.

Python's tarfile reads the long names and attributes of a member into memory, in whatever size the file claims for them.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

from fatecloud.errors import ArtifactError

BLOCK = tarfile.BLOCKSIZE


class Member:
    """One member, to be read once and before the next one."""

    def __init__(self, name: str, size: int, stream: IO[bytes]) -> None:
        self.name = name
        self.size = size
        """Bytes, as the file claims; not more than these are read."""
        self.left = size
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """Bytes of the member. Raises ArtifactError when the file ends before the member does."""
        wanted = self.left if size < 0 else min(size, self.left)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise ArtifactError(f"it ends in the middle of {self.name}")
        self.left -= wanted
        return data

    def whole(self, limit: int) -> bytes:
        """All of a small member. Raises ArtifactError if it is larger than `limit` bytes."""
        if self.size > limit:
            raise ArtifactError(f"{self.name} has {self.size} bytes, at most {limit} are allowed")
        return self.read()


def members(stream: IO[bytes]) -> Iterator[Member]:
    """The members in their order; the end marker or the end of the file ends them.

    Raises:
        ArtifactError: a member is a link, a directory, a device or anything else than a plain file, or is damaged.
    """
    while (block := stream.read(BLOCK)) and block.strip(b"\0"):
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        except (tarfile.HeaderError, ValueError) as error:
            raise ArtifactError(f"it is damaged: {error}") from None
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.size < 0:
            raise ArtifactError(f"{info.name!r} in it is not a plain file")
        member = Member(info.name, info.size, stream)
        yield member
        while member.left:
            member.read(1 << 20)
        stream.read(-info.size % BLOCK)
