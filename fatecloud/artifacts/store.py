"""Files on the controller, addressed by their SHA-256: `sha256/<first 2>/<sha256>/<file name>`."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from fatecloud.artifacts.workspace import workspace
from fatecloud.errors import ArtifactMissing, HashMismatch
from fatecloud.whoami import home

CHUNK = 1 << 20
PART = ".part"


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

    def all(self) -> Iterator[tuple[str, Path]]:
        """Every stored file with the SHA-256 that it is stored under."""
        for folder in sorted((self.root / "sha256").glob("??/*")):
            found = self._find(folder.name)
            if found is not None:
                yield folder.name, found

    def add(self, file: Path, sha256: str) -> Path:
        """Copy a file into the store, unless the store has it already.

        Args:
            file: the file to copy; its name is kept.
            sha256: the hash that it must have.

        Returns:
            The stored file.

        Raises:
            HashMismatch: it has another hash; with the file name, the expected hash and the actual one.
        """
        with file.open("rb") as stream:
            return self.add_stream(stream, file.name, sha256)

    def add_stream(self, stream: IO[bytes], name: str, sha256: str) -> Path:
        """Like `add`, from an open stream."""
        found = self._find(sha256)
        if found is not None:
            return found
        folder = self._folder(sha256)
        folder.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(suffix=PART, dir=folder)
        try:
            digest = hashlib.sha256()
            with os.fdopen(handle, "wb") as out:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != sha256:
                raise HashMismatch(f"{name}: expected SHA-256 {sha256}, got {digest.hexdigest()}")
            Path(part).chmod(0o644)
            Path(part).rename(folder / name)
        finally:
            Path(part).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        return folder / name

    def take(self, file: Path, sha256: str) -> Path:
        """Like `add`, but moves a file from a workspace of this store, without copying its content."""
        if sha256_of(file) != sha256:
            raise HashMismatch(f"{file.name}: expected SHA-256 {sha256}, got {sha256_of(file)}")
        found = self._find(sha256)
        if found is not None:
            return found
        folder = self._folder(sha256)
        folder.mkdir(parents=True, exist_ok=True)
        file.chmod(0o644)
        return file.rename(folder / file.name)

    def discard(self, sha256: str) -> None:
        """Remove a stored file, because it is damaged."""
        shutil.rmtree(self._folder(sha256), ignore_errors=True)

    def workspace(self) -> AbstractContextManager[Path]:
        """A private scratch directory on the store's file system, removed afterwards."""
        return workspace(self.root / "incoming")
