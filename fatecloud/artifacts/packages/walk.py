"""Goes through an archive and those inside it, member by member. Only inner zips go to a disk for it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from fatecloud.artifacts.packages import tar, zips
from fatecloud.artifacts.packages.bounds import Bounds, Budget, Fault, require_space
from fatecloud.artifacts.packages.member import Member, path_of, wrong_with
from fatecloud.artifacts.packages.streams import Hashed, Peekable, damage_named, decompressed
from fatecloud.artifacts.store import CHUNK

Place = tuple[str, ...]
"""The file as it was given, then the paths of the archives inside it."""
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", zips.MAGIC)
_WHOLE = (".jar", ".whl", ".egg")
"""Zips that are one thing to those who use them: nothing is looked for in them but a jar's version."""


class Visitor(Protocol):
    """Sees what is found. Places are those of archives, paths are clean ones inside them."""

    def enters(self, place: Place) -> bool:
        """Whether an archive is looked into; if not, it is a member like any other."""

    def begins(self, place: Place) -> None:
        """Its members follow."""

    def member(self, place: Place, path: str, member: Member) -> None:
        """A file, a directory or a link. The content may be read now, and not later."""

    def refuses(self, place: Place, path: str, text: str) -> None:
        """A member that forbids the use of its archive, and why."""

    def ends(self, place: Place, size: int, md5: str, damage: str) -> None:
        """An archive was read to its end, or to where it is damaged."""


class Walk:
    """One way through a file.

    Args:
        file: no one else can change it.
        shown: its name, for people.
        visitor: sees everything.
        scratch: for inner zips, on a disk with room.
    """

    def __init__(self, file: Path, shown: str, visitor: Visitor, scratch: Path, bounds: Bounds) -> None:
        self._file, self._shown, self._visitor = file, shown, visitor
        self._scratch, self._bounds = scratch, bounds
        self._budget = Budget(bounds, file.stat().st_size)

    def run(self) -> bool:
        """Go. Returns whether the file is an archive.

        Raises:
            Fault: over a bound that holds for all of it.
            ArtifactError: the disk of `scratch` is full.
        """
        place = (self._shown,)
        with self._file.open("rb") as file:
            found, damage = self._through(place, Peekable(file), file)
        if found:
            self._visitor.ends(place, self._budget.packed, "", damage)
        return found

    def _through(self, place: Place, stream: Peekable, file: IO[bytes] | None, size: int = 0) -> tuple[bool, str]:
        """Show the members of an archive. Whether it is one, as far as it can be read, and how it is damaged.

        Raises:
            Fault: over a bound that holds for all of it.
        """
        try:
            with damage_named(), self._members(stream, file, size) as members:
                if members is None:
                    return False, ""
                self._visitor.begins(place)
                self._level(place, members)
        except Fault as fault:
            if fault.fatal:
                raise
            return True, str(fault)
        return True, ""

    def _level(self, place: Place, members: Iterator[Member]) -> None:
        if len(place) - 1 > self._bounds.nested:
            raise Fault(f"it is nested deeper than {self._bounds.nested} archives in archives")
        names: dict[str, bool] = {}
        for member in members:
            path = path_of(member.name)
            if wrong := wrong_with(member, self._bounds) or _twice(names, path, member):
                self._visitor.refuses(place, path, wrong)
            elif path and not self._went_in(place, path, member):
                self._visitor.member(place, path, member)

    def _went_in(self, place: Place, path: str, member: Member) -> bool:
        """Look into a member, if it is an archive. What was read ahead of another member is still there."""
        inner = (*place, path)
        if member.kind != "file" or path.endswith(_WHOLE) or not self._visitor.enters(inner):
            return False
        if not member.content.peek(6).startswith(_PACKED) and not tar.is_tar(member.content.peek(tar.BLOCK)):
            return False
        hashed = Hashed(member.content)
        _, damage = self._through(inner, Peekable(hashed), None, member.size)
        # Where the outer archive is what is damaged, this raises again, and that one is named.
        self._visitor.ends(inner, member.size, hashed.rest(), damage)
        return True

    @contextmanager
    def _members(self, stream: Peekable, file: IO[bytes] | None, size: int = 0) -> Iterator[Iterator[Member] | None]:
        """The members of an archive; None if it is none.

        Args:
            file: the same bytes with a way to any place in them; None where they only come one after the other.
        """
        if stream.peek(4) == zips.MAGIC:
            with self._seekable(stream, file, size) as whole, zips.opened(whole, self._bounds) as archive:
                yield zips.members(archive, self._budget)
            return
        content = decompressed(stream, self._budget)
        inside = stream if content is None else Peekable(content)
        if tar.is_tar(inside.peek(tar.BLOCK)):
            yield self._counted(tar.members(inside, self._bounds))
        else:
            yield None

    def _counted(self, members: Iterator[Member]) -> Iterator[Member]:
        for member in members:
            self._budget.member()
            yield member

    @contextmanager
    def _seekable(self, stream: Peekable, file: IO[bytes] | None, size: int) -> Iterator[IO[bytes]]:
        if file is not None:
            yield file
            return
        with spooled(stream, size, self._scratch) as copy:
            yield copy


@contextmanager
def spooled(stream: Peekable, size: int, scratch: Path) -> Iterator[IO[bytes]]:
    """A member as a file of its own, for as long as it is needed. Raises ArtifactError if there is no room for it."""
    require_space(scratch, size, "an archive inside another one")
    with tempfile.TemporaryFile(dir=scratch) as copy:
        shutil.copyfileobj(cast("IO[bytes]", stream), copy, CHUNK)
        copy.seek(0)
        yield cast("IO[bytes]", copy)


def _twice(names: dict[str, bool], path: str, member: Member) -> str:
    """What is wrong with a second member of a name, or one below a file. Directories may come again."""
    folder = member.kind == "directory"
    parent = path
    while parent := parent.rpartition("/")[0]:
        if names.setdefault(parent, True) is False:
            return f"{path!r} lies below {parent!r}, which is not a directory"
    known = names.get(path)
    if path and known is not None and not (known and folder):
        return f"{path!r} is in it twice"
    names[path] = folder
    return ""
