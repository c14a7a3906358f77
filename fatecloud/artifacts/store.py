"""Files on the controller, addressed by their SHA-256: `sha256/<first 2>/<sha256>/<file name>`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from fatecloud.artifacts.workspace import workspace
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.whoami import home

CHUNK = 1 << 20
PART = ".part"
FILE_NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,254}", re.ASCII)
"""Names that a stored file can have: none of them leads out of its directory."""


def default_store() -> Path:
    """The store that is used without `--store`, and by verbs that do not have this option."""
    if given := os.environ.get("FATECLOUD_STORE"):
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or str(home() / ".local" / "share")
    return Path(base) / "fatecloud" / "store"


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def require(artifact: Artifact, size: int, sha256: str) -> None:
    """Compare bytes with what they should be. Raises HashMismatch."""
    if size != artifact.size:
        got = "more than that" if size > artifact.size else f"{size}"
        raise HashMismatch(f"{artifact.filename}: expected {artifact.size} bytes, got {got}")
    if sha256 != artifact.sha256:
        raise HashMismatch(f"{artifact.filename}: expected SHA-256 {artifact.sha256}, got {sha256}")


class Readable(Protocol):
    """An open file, or a part of one."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at its end."""


class Store:
    """The artifact store. It only contains complete files: each is written to a temporary file, verified, and renamed.

    Args:
        root: directory of the store; created when something is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def _folder(self, sha256: str) -> Path:
        return self.root / "sha256" / sha256[:2] / sha256

    def _find(self, sha256: str) -> Path | None:
        folder = self._folder(sha256)
        if not folder.is_dir():
            return None
        return next((file for file in sorted(folder.iterdir()) if file.suffix != PART), None)

    def has(self, sha256: str) -> bool:
        """Whether the store has a file with this hash. Its content is not hashed again."""
        return self._find(sha256) is not None

    def path(self, sha256: str) -> Path:
        """The stored file. Raises ArtifactMissing."""
        found = self._find(sha256)
        if found is None:
            raise ArtifactMissing(f"the store {self.root} has no file with SHA-256 {sha256}")
        return found

    def verified(self, artifact: Artifact) -> Path:
        """The stored file, hashed again because it is about to be used. Raises ArtifactMissing, HashMismatch."""
        found = self.path(artifact.sha256)
        try:
            require(artifact, found.stat().st_size, sha256_of(found))
        except HashMismatch as error:
            raise HashMismatch(error.message, remedy="fatecloud release verify") from None
        return found

    def all(self) -> Iterator[tuple[str, Path]]:
        """Every stored file with the SHA-256 that it is stored under."""
        for folder in sorted((self.root / "sha256").glob("??/*")):
            found = self._find(folder.name)
            if found is not None:
                yield folder.name, found

    def holds(self, artifact: Artifact) -> bool:
        """Whether the store has an artifact in its full size: a power cut may leave the beginning of a file."""
        found = self._find(artifact.sha256)
        return found is not None and found.stat().st_size == artifact.size

    def add(self, file: Path, artifact: Artifact) -> Path:
        """Copy a file into the store, unless the store has it already.

        Args:
            file: the file to copy, whatever its name.
            artifact: name, size and hash that it must have.

        Returns:
            The stored file.

        Raises:
            ArtifactError: the artifact has a name that is not a plain file name.
            HashMismatch: it has another hash or size; with the file name, what was expected and what it is.
        """
        with file.open("rb") as stream:
            return self.add_stream(stream, artifact)

    def add_stream(self, stream: Readable, artifact: Artifact) -> Path:
        """Like `add`, from an open stream, of which no more than one byte too much is read."""
        if self.holds(artifact):
            return self.path(artifact.sha256)
        target = self._target(artifact)
        handle, part = tempfile.mkstemp(suffix=PART, dir=target.parent)
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(handle, "wb") as out:
                while chunk := stream.read(min(CHUNK, artifact.size + 1 - size)):
                    digest.update(chunk)
                    out.write(chunk)
                    size += len(chunk)
            require(artifact, size, digest.hexdigest())
            Path(part).chmod(0o644)
            Path(part).rename(target)
        finally:
            Path(part).unlink(missing_ok=True)
            if not any(target.parent.iterdir()):
                target.parent.rmdir()
        return target

    def take(self, file: Path, artifact: Artifact) -> Path:
        """Like `add`, but moves a file from a workspace of this store, without copying its content."""
        require(artifact, file.stat().st_size, sha256_of(file))
        if self.holds(artifact):
            return self.path(artifact.sha256)
        file.chmod(0o644)
        return file.rename(self._target(artifact))

    def _target(self, artifact: Artifact) -> Path:
        """The path of an artifact that is about to be stored. A damaged file under its hash goes first."""
        if not FILE_NAME.fullmatch(artifact.filename):
            raise ArtifactError(f"{artifact.filename!r} is not the name of an artifact")
        if damaged := self._find(artifact.sha256):
            damaged.unlink(missing_ok=True)
        folder = self._folder(artifact.sha256)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / artifact.filename

    def discard(self, sha256: str) -> None:
        """Remove a stored file, because it is damaged."""
        shutil.rmtree(self._folder(sha256), ignore_errors=True)

    def workspace(self) -> AbstractContextManager[Path]:
        """A private scratch directory on the store's file system, removed afterwards."""
        return workspace(self.root / "incoming")
