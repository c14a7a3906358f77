"""Bundles: a whole release in one file, for controllers that cannot reach a registry. docs/reference/bundle.md."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from fatecloud import catalogue
from fatecloud.artifacts import index
from fatecloud.artifacts.index import Interpreter, canonical
from fatecloud.artifacts.jdk import KeptJdk, jdk_of, keep, kept_for
from fatecloud.artifacts.members import Member, members
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.release import Release

INDEX = "fatecloud-bundle.json"
SIGNATURE = "fatecloud-bundle.sig"
SCHEMA = 3
_INDEX_LIMIT, _SIGNATURE_LIMIT = 1 << 20, 4096
"""Bytes. The index of 86 files has 17 kB, a signature 300 bytes."""


@dataclass(slots=True)
class Bundle:
    """An open bundle whose index was read and compared with the release's lock; its files come next."""

    release: Release
    interpreters: Mapping[str, Interpreter]
    """By the names of the release's Python sets."""
    jdks: tuple[KeptJdk, ...]
    """JVMs in which components of the release can run."""
    index: bytes
    """What a signature has to cover."""
    signature: str
    """As text; empty if it has none."""
    _rest: Iterator[Member]

    def unpack(self, store: Store) -> None:
        """Put its files into the store.

        Raises:
            ArtifactError: it has another member than its index says, or ends too early.
            HashMismatch: a file has other bytes than the lock says.
        """
        wanted = {f"sha256/{artifact.sha256}": artifact for artifact in self._files}
        for member in self._rest:
            artifact = wanted.pop(member.name, None)
            if artifact is None:
                raise ArtifactError(f"unexpected member {member.name!r}")
            # Before anything is written: a bundle may come from a stranger.
            if member.size != artifact.size:
                raise HashMismatch(f"{artifact.filename}: expected {artifact.size} bytes, got {member.size}")
            store.add_stream(member, artifact)
        if wanted:
            names = sorted(artifact.filename for artifact in wanted.values())
            raise ArtifactMissing(f"it lacks {', '.join(names[:3])}" + (" and more" if len(names) > 3 else ""))  # noqa: PLR2004
        for name, interpreter in self.interpreters.items():
            index.write_interpreter(self.release.pythons[name], store, replace(interpreter, origin="imported"))
        for jdk in self.jdks:
            keep(store, jdk, self.release.arch)

    @property
    def _files(self) -> tuple[Artifact, ...]:
        return _files(self.release, self.interpreters, self.jdks)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a bundle has beside the files that the catalogue names; the receiver has to confirm each fingerprint."""

    interpreters: Mapping[str, Interpreter]
    """By the names of the release's Python sets."""
    jdks: tuple[KeptJdk, ...]


def write_bundle(release: Release, store: Store, target: Path, sign: Callable[[bytes], str] | None = None) -> Brought:
    """Write a release into one file, with those imported JVMs of the store that it can use.

    Args:
        release: all of it is in the store.
        store: where it is.
        target: the file.
        sign: makes the signature of the index; None for a bundle without one.

    Raises:
        ArtifactMissing: the store does not have all of it.
        HashMismatch: a file in the store is damaged.
    """
    held = index.read(release, store)
    brought = Brought(held.interpreters, kept_for(release, store))
    files = _files(release, brought.interpreters, brought.jdks)
    head = _head(release, brought.interpreters, brought.jdks)
    # Written under another name first, so that an interrupted write cannot be mistaken for a bundle.
    part = target.with_name(target.name + ".part")
    try:
        with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
            # Without times and owners, so that the same store gives the same file.
            archive.addfile(_member(INDEX, len(head)), BytesIO(head))
            if sign is not None:
                text = sign(head).encode("ascii")
                archive.addfile(_member(SIGNATURE, len(text)), BytesIO(text))
            for artifact in files:
                with store.verified(artifact).open("rb") as stream:
                    archive.addfile(_member(f"sha256/{artifact.sha256}", artifact.size), stream)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return brought


def is_bundle(file: Path) -> bool:
    """Whether a file begins like a bundle of fatecloud."""
    try:
        with file.open("rb") as stream:
            first = next(members(stream), None)
            return first is not None and first.name == INDEX
    except (OSError, ArtifactError):
        return False


@contextmanager
def opened(file: Path) -> Iterator[Bundle]:
    """Open a bundle and compare its index with the lock of its release. Nothing is in the store yet.

    Raises:
        ArtifactError: it is damaged, or has members that do not belong into a bundle; also from the body.
        HashMismatch: it names a file with another hash than the lock does.
    """
    try:
        with file.open("rb") as stream:
            yield _opened(members(stream))
    except OSError as error:
        raise ArtifactError(f"{file} cannot be read: {error}") from error
    except ArtifactError as error:
        if error.message.startswith(str(file)):
            raise
        raise type(error)(f"{file}: {error.message}", remedy=error.remedy) from error


def _opened(rest: Iterator[Member]) -> Bundle:
    first = next(rest, None)
    # The index has to be first, so that nothing else is read of a file that is refused.
    if first is None or first.name != INDEX:
        raise ArtifactError("it is not a bundle")
    head, signature = first.whole(_INDEX_LIMIT), ""
    release, interpreters, jdks = _read_head(head)
    second = next(rest, None)
    if second is not None and second.name == SIGNATURE:
        signature, second = second.whole(_SIGNATURE_LIMIT).decode("ascii", "replace"), None
    return Bundle(release, interpreters, jdks, head, signature, _with(second, rest))


def import_artifact(file: Path, store: Store) -> Artifact:
    """Put one file that is in a release's lock into the store.

    Raises:
        HashMismatch: a lock has its name with another hash.
        ArtifactError: it is in no lock.
    """
    got = sha256_of(file)
    # The file's name says nothing of what it is.
    for name in catalogue.names():
        for artifact in index.named(catalogue.load(name)):
            if artifact.sha256 == got:
                store.add(file, artifact)
                return artifact
            if artifact.filename == file.name:
                raise HashMismatch(f"{file}: expected SHA-256 {artifact.sha256}, got {got}")
    raise unknown(file)


def unknown(file: Path) -> ArtifactError:
    """What to raise for a file that is nothing of any release."""
    return ArtifactError(
        f"{file} is not part of any release that this version knows ({', '.join(catalogue.names())})",
        remedy="fatecloud release show NAME lists the files of a release",
    )


def _files(
    release: Release, interpreters: Mapping[str, Interpreter], jdks: tuple[KeptJdk, ...]
) -> tuple[Artifact, ...]:
    """All of a bundle's files in their order, each once."""
    known = index.ReleaseIndex(interpreters, index.locked(release)).artifacts
    return tuple({artifact.sha256: artifact for artifact in (*(jdk.artifact for jdk in jdks), *known)}.values())


def _head(release: Release, interpreters: Mapping[str, Interpreter], jdks: tuple[KeptJdk, ...]) -> bytes:
    files = _files(release, interpreters, jdks)
    return canonical(
        {
            "schema": SCHEMA,
            "release": release.name,
            "interpreters": {name: asdict(interpreter) for name, interpreter in interpreters.items()},
            "jdks": [asdict(jdk) for jdk in jdks],
            "files": [{"filename": a.filename, "sha256": a.sha256, "size": a.size} for a in files],
        }
    )


def _read_head(head: bytes) -> tuple[Release, Mapping[str, Interpreter], tuple[KeptJdk, ...]]:
    """Release, interpreters and JVMs of an index that is exactly the one that we would have written."""
    try:
        data: Any = json.loads(head)
        if isinstance(data, dict) and data.get("schema") != SCHEMA:
            raise ArtifactError("it has a format of another version of fatecloud")
        if data["release"] not in catalogue.names():
            raise ArtifactError(f"it has a release that this version does not know ({', '.join(catalogue.names())})")
        release = catalogue.load(data["release"])
        interpreters = {
            name: index.interpreter_of(python, data["interpreters"][name]) for name, python in release.pythons.items()
        }
        # One of each feature release: two of them would take one place in the store.
        jdks = {jdk.major: jdk for jdk in (jdk_of(release, entry) for entry in data["jdks"])}
        brought = tuple(jdks[major] for major in sorted(jdks))
        listed = {str(entry["filename"]): str(entry["sha256"]) for entry in data["files"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "something is not as it should be"
        raise ArtifactError(f"its index cannot be used: {reason}") from None
    for artifact in _files(release, interpreters, brought):
        got = listed.get(artifact.filename)
        if got is not None and got != artifact.sha256:
            raise HashMismatch(f"{artifact.filename}: expected SHA-256 {artifact.sha256}, got {got[:64]!r}")
    # Byte by byte, because a signature covers exactly these bytes: two readings of one index would be two bundles.
    if head != _head(release, interpreters, brought):
        raise ArtifactError(
            f"its list of files is not the lock of {release.name}",
            remedy=f"make the bundle with this version of fatecloud: fatecloud release bundle {release.name}",
        )
    return release, interpreters, brought


def _with(first: Member | None, rest: Iterator[Member]) -> Iterator[Member]:
    if first is not None:
        yield first
    yield from rest


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member
