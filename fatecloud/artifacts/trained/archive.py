"""The archive of a model: a list, its signature, and one file for each part. docs/reference/model-archive.md."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from fatecloud.artifacts.members import Member, members
from fatecloud.artifacts.trained.content import files_of
from fatecloud.artifacts.trained.listing import ListedPart, Listing, listed, listing_of
from fatecloud.errors import ArtifactError, InputError, ModelRefused
from fatecloud.model.trained import ModelPart, Reason

LIST = "fatecloud-model.json"
SIGNATURE = "fatecloud-model.sig"
_LIST_LIMIT, _SIGNATURE_LIMIT = 4 << 20, 4096
"""Bytes. The list of a model of three parts has 5 kB, a signature 300 bytes."""
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
"""How gzip, bzip2, xz, zstandard and zip begin."""
_RECORD = tarfile.RECORDSIZE

Contents = Mapping[ModelPart, tuple[bytes, Mapping[str, bytes]]]
"""Each part: its document, and the files in it."""


@dataclass(slots=True)
class OpenArchive:
    """An archive whose list was read; its signature is to be judged before the files are."""

    listing: Listing
    octets: bytes
    """What a signature has to cover."""
    signature: str
    """As text; empty if it has none."""
    _rest: Iterator[Member]
    _stream: IO[bytes]

    def contents(self) -> Contents:
        """Every part in it, each compared with the list.

        Raises:
            ModelRefused: a file is missing, is too much, or has other bytes than the list says.
        """
        wanted = {one.member: one for one in self.listing.parts}
        found: dict[ModelPart, tuple[bytes, Mapping[str, bytes]]] = {}
        for member in self._rest:
            one = wanted.get(member.name)
            if one is None:
                raise _unlisted(member.name)
            if one.part in found:
                raise ModelRefused(Reason.TWICE, f"{member.name} is in it twice")
            if member.size != one.size:
                raise ModelRefused(Reason.SIZE, f"{member.name}: its list says {one.size:,} bytes, not {member.size:,}")
            found[one.part] = _checked(one, _whole(member))
        if lost := [one.member for one in wanted.values() if one.part not in found]:
            self._end()
            raise ModelRefused(Reason.MISSING, f"{lost[0]} is in its list, and not in the file")
        self._end()
        return found

    def _end(self) -> None:
        """Nothing comes after the last part but the end of the archive, as it is written."""
        at, rest = self._stream.tell(), self._stream.read(_RECORD + 1)
        if rest.strip(b"\0") or len(rest) > _RECORD:
            raise ModelRefused(Reason.AFTER_END, "it goes on after the last file of its list")
        if (at + len(rest)) % _RECORD:
            raise ModelRefused(Reason.CUT_OFF, "its end is missing")


def write_archive(
    target: Path, listing: Listing, contents: Mapping[ModelPart, bytes], sign: Callable[[bytes], str]
) -> None:
    """Write an archive.

    Args:
        target: the file; it is there completely or not at all.
        contents: the document of each part of the list.
        sign: makes the signature of the list.

    Raises:
        InputError: the file cannot be written.
    """
    text = sign(listing.octets).encode("ascii")
    pairs = ((LIST, listing.octets), (SIGNATURE, text), *((one.member, contents[one.part]) for one in listing.parts))
    part = target.with_name(f"{target.name}.part")
    try:
        part.touch(mode=0o600)
        # Without times and owners, so that the same model gives the same file.
        with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
            for name, octets in pairs:
                member = tarfile.TarInfo(name)
                member.size = len(octets)
                archive.addfile(member, BytesIO(octets))
        part.replace(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def opened(file: Path) -> Iterator[OpenArchive]:
    """Open an archive and read its list.

    Raises:
        ModelRefused: it is none, or what is in it is not what should be; also from the body.
        InputError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            yield _opened(stream)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    except ModelRefused as error:
        error.message = error.message if error.message.startswith(str(file)) else f"{file}: {error.message}"
        error.remedy = error.remedy or "ask its sender for the file again"
        raise


def _opened(stream: IO[bytes]) -> OpenArchive:
    begin = stream.read(max(map(len, _PACKED)))
    if begin.startswith(_PACKED):
        raise ModelRefused(Reason.COMPRESSED, "an archive of a model is not compressed, so this is none")
    stream.seek(0)
    rest = _refusing(members(stream))
    # The list has to be first, so that nothing else is read of a file that is refused.
    first = _first(rest)
    if first is None or first.name != LIST:
        raise ModelRefused(Reason.NO_ARCHIVE, f"it does not begin with {LIST}")
    octets = _bounded(first, _LIST_LIMIT)
    listing = listing_of(octets)
    second = next(rest, None)
    signature = ""
    if second is not None and second.name == SIGNATURE:
        signature, second = _bounded(second, _SIGNATURE_LIMIT).decode("ascii", "replace"), None
    return OpenArchive(listing, octets, signature, _with(second, rest), stream)


def _first(rest: Iterator[Member]) -> Member | None:
    try:
        return next(rest, None)
    except ModelRefused:
        return None


def _checked(one: ListedPart, content: bytes) -> tuple[bytes, Mapping[str, bytes]]:
    got = hashlib.sha256(content).hexdigest()
    if got != one.sha256:
        raise ModelRefused(Reason.BYTES, f"{one.member}: expected SHA-256 {one.sha256}, got {got}")
    files = files_of(content, one.member)
    if listed(one.part, content, files, one.components) != one:
        raise ModelRefused(Reason.BYTES, f"{one.member}: its files are not those of the list")
    return content, files


def _unlisted(name: str) -> ModelRefused:
    if name.startswith("/") or ".." in name.split("/") or "\\" in name:
        return ModelRefused(Reason.PATH, f"it has a file {name[:80]!r}, which leads out of it")
    if name in (LIST, SIGNATURE):
        return ModelRefused(Reason.TWICE, f"{name} is in it twice, or not at its beginning")
    return ModelRefused(Reason.SURPLUS, f"it has a file {name[:80]!r}, which is not in its list")


def _refusing(rest: Iterator[Member]) -> Iterator[Member]:
    """The members, with the reason for one that is none."""
    try:
        yield from rest
    except ModelRefused:
        raise
    except ArtifactError as error:
        raise ModelRefused(_reason_of(error.message), error.message) from None


def _reason_of(words: str) -> Reason:
    if "plain file" in words:
        return Reason.SPECIAL
    return Reason.CUT_OFF if "truncated" in words or "it ends in" in words else Reason.DAMAGED


def _whole(member: Member) -> bytes:
    try:
        return member.read()
    except ArtifactError as error:
        raise ModelRefused(Reason.CUT_OFF, error.message) from None


def _bounded(member: Member, limit: int) -> bytes:
    if member.size > limit:
        raise ModelRefused(Reason.TOO_LARGE, f"{member.name} has {member.size:,} bytes, at most {limit:,} are taken")
    return _whole(member)


def _with(first: Member | None, rest: Iterator[Member]) -> Iterator[Member]:
    if first is not None:
        yield first
    yield from rest
