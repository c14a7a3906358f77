"""Releases and the artifact store: list, show, fetch, import, verify, bundle."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fatecloud import catalogue
from fatecloud.artifacts import Store, default_store
from fatecloud.artifacts import bundle as bundles
from fatecloud.artifacts.fetch import fetch, stored
from fatecloud.artifacts.index import ReleaseIndex
from fatecloud.artifacts.interpreter import import_tarball
from fatecloud.artifacts.licences import licences
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import sha256_of
from fatecloud.catalogue.known import vulnerabilities
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch
from fatecloud.model.release import Artifact, Release
from fatecloud.model.vulnerability import KnownVulnerabilities

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holding:
    """A release and what the store has of it."""

    release: Release
    store: Path
    index: ReleaseIndex | None
    """None unless it is complete."""
    missing: tuple[Artifact, ...]
    """Locked files that the store lacks."""

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The release's files: those in the store, or, where it is not complete, those that a fetch could get."""
        if self.index:
            return self.index.artifacts
        python = self.release.python
        return (*([python.registry.artifact] if python.registry else ()), python.installer, *python.lock)

    @property
    def known(self) -> KnownVulnerabilities:
        """The known vulnerabilities of these files."""
        return vulnerabilities(self.release.name, self.artifacts)

    @property
    def licences(self) -> dict[str, str]:
        """Name of a file's package -> its licence, where the store has the file and it says so."""
        return licences(self.artifacts, Store(self.store))


def open_store(root: Path | None) -> Store:
    """The store that the operator named, or the default one."""
    return Store((root or default_store()).expanduser().absolute())


def holding(name: str, store: Store) -> Holding:
    """What the store has of a release. Raises InputError for an unknown one."""
    release = catalogue.load(name)
    python = release.python
    missing = tuple(a for a in (python.installer, *python.lock) if not store.has(a.sha256))
    return Holding(release, store.root, stored(release, store), missing)


def holdings(store: Store) -> list[Holding]:
    """What the store has of every release in the catalogue."""
    return [holding(name, store) for name in catalogue.names()]


def fetch_release(name: str, store: Store, progress: Progress, interpreter: str = "") -> bool:
    """Fill the store; see `artifacts.fetch.fetch`. Raises InputError, ArtifactError."""
    return fetch(catalogue.load(name), store, progress, interpreter)


def import_files(files: Sequence[Path], store: Store, say: Say) -> None:
    """Put files that were copied by hand into the store: bundles, locked artifacts, interpreter tarballs.

    Raises:
        ArtifactError: a file is unknown, damaged or does not run; the files before it are in the store.
    """
    for file in files:
        if not file.is_file():
            raise ArtifactError(f"{file} is not a file")
        if bundles.is_bundle(file):
            say(f"{file}: {bundles.read_bundle(file, store).name} is complete in the store")
        elif file.name not in _locked_names() and tarfile.is_tarfile(file):
            _import_interpreter(file, store, say)
        else:
            say(f"{file}: {bundles.import_artifact(file, store).name}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification of the store found."""

    verified: int
    """Files whose content matches the hash in their names."""
    removed: tuple[str, ...]
    """Files that were removed, each with the expected hash and the actual one."""

    def require_whole(self) -> None:
        """Raise HashMismatch if something was removed."""
        if self.removed:
            lines = "\n".join(f"  {line}" for line in self.removed)
            remedy = "fatecloud release fetch NAME fetches them again"
            raise HashMismatch(f"removed from the store:\n{lines}", remedy=remedy)


def verify_store(store: Store, say: Say) -> Verified:
    """Hash every file again, and remove what does not match its name.

    Args:
        say: receives a line per good file.

    Raises:
        ArtifactMissing: the store is empty.
    """
    if not any(True for _ in store.all()):
        raise ArtifactMissing(f"the store {store.root} is empty", remedy="fatecloud release fetch NAME")
    removed = tuple(_rotten(store, say))
    return Verified(sum(1 for _ in store.all()), removed)


def bundle_release(name: str, store: Store, target: Path) -> int:
    """Write one file for a controller without registries; returns its size in bytes. Raises ArtifactMissing."""
    return bundles.write_bundle(catalogue.load(name), store, target)


def _locked_names() -> set[str]:
    pythons = [catalogue.load(name).python for name in catalogue.names()]
    return {artifact.filename for python in pythons for artifact in (python.installer, *python.lock)}


def _import_interpreter(file: Path, store: Store, say: Say) -> None:
    refused = []
    for name in catalogue.names():
        try:
            import_tarball(catalogue.load(name), store, file, say)
        except ArtifactError as error:
            refused.append(f"{name}: {error.message}")
        else:
            say(f"{file}: interpreter of {name}; fatecloud release fetch {name} fetches the rest")
            return
    raise ArtifactError(f"{file} is not an interpreter for any release:\n" + "\n".join(f"  {line}" for line in refused))


def _rotten(store: Store, say: Say) -> Iterator[str]:
    for sha256, file in list(store.all()):
        got = sha256_of(file)
        if got != sha256:
            store.discard(sha256)
            yield f"{file.name}: expected SHA-256 {sha256}, got {got}"
        else:
            say(f"ok  {file.name}")
