"""Releases and the artifact store: list, show, fetch, import, verify, bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from fatecloud import catalogue
from fatecloud.artifacts import Store, default_store
from fatecloud.artifacts import bundle as bundles
from fatecloud.artifacts.fetch import fetch, stored
from fatecloud.artifacts.index import ReleaseIndex, locked, named, read_interpreter
from fatecloud.artifacts.interpreter import import_tarball
from fatecloud.artifacts.jdk import KeptJdk, import_jdk, imported_jdks, is_jdk, kept_for
from fatecloud.artifacts.licences import licences
from fatecloud.artifacts.packages.record import Kept, packages_of
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import sha256_of
from fatecloud.catalogue.known import vulnerabilities
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.release import Release
from fatecloud.model.vulnerability import KnownVulnerabilities
from fatecloud.signing.sshsig import BUNDLE, signed
from fatecloud.workflow.acceptance import Acceptance, accept_runtimes, accept_signature, accept_tarball
from fatecloud.workflow.key import key_to_sign
from fatecloud.workflow.packages import TARBALLS, import_packages
from fatecloud.workflow.secrets import SecretsFiles

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holding:
    """A release and what the store has of it."""

    release: Release
    store: Path
    index: ReleaseIndex | None
    """None unless it is complete."""
    missing: tuple[Artifact, ...]
    """Files that the store lacks, without the interpreter."""

    @property
    def packages(self) -> dict[str, Kept]:
        """The packages of upstream that the store has, by kind."""
        return packages_of(self.release, Store(self.store))

    @property
    def jdks(self) -> tuple[KeptJdk, ...]:
        """The imported JVMs that it can use."""
        return kept_for(self.release, Store(self.store))

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The release's files: those in the store, or, where it is not complete, those that a fetch could get."""
        if self.index:
            return self.index.artifacts
        registries = [python.registry for python in self.release.pythons.values() if python.registry]
        return (*(registry.artifact for registry in registries), *locked(self.release))

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
    missing = tuple(artifact for artifact in locked(release) if not store.holds(artifact))
    return Holding(release, store.root, stored(release, store), missing)


def holdings(store: Store) -> list[Holding]:
    """What the store has of every release in the catalogue."""
    return [holding(name, store) for name in catalogue.names()]


def fetch_release(name: str, store: Store, progress: Progress, interpreter: str = "") -> bool:
    """Fill the store; see `artifacts.fetch.fetch`. Raises InputError, ArtifactError."""
    return fetch(catalogue.load(name), store, progress, interpreter)


def import_files(files: Sequence[Path], store: Store, say: Say, given: Acceptance, today: date) -> None:
    """Put files that were copied by hand into the store: bundles, locked artifacts, packages, interpreters, JVMs.

    Args:
        given: what the operator accepts beyond the locks of the catalogue.
        today: by this machine's clock; keys expire.

    Raises:
        ArtifactError: a file is unknown, damaged or does not run; the files before it are in the store.
        NotTrusted: a file needs the operator's word.
    """
    for file in files:
        if not file.is_file():
            raise ArtifactError(f"{file} is not a file")
    strangers = [file for file in files if not bundles.is_bundle(file) and not _is_locked(file)]
    # A set of packages is refused as a whole, before anything else of this import is in the store.
    taken = set(strangers) - set(import_packages(strangers, store, say, given)) if strangers else set()
    for file in (file for file in files if file not in taken):
        if bundles.is_bundle(file):
            with bundles.opened(file) as bundle:
                accept_signature(file, bundle, given, say, today)
                accept_runtimes(file, bundle, store, given)
                bundle.unpack(store)
            say(f"{file}: {bundle.release.name} is complete in the store")
        elif file.name.endswith(TARBALLS) and not _is_locked(file):
            sha256 = accept_tarball(file, given)
            with store.workspace() as scratch:
                copy = _copied(file, sha256, scratch)
                if is_jdk(copy):
                    import_jdk(copy, file.name, store, say)
                else:
                    _import_interpreter(file, copy, store, say)
        else:
            say(f"{file}: {bundles.import_artifact(file, store).name}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification of the store found."""

    verified: int
    """Files whose content matches the hash under which a release names them."""
    removed: tuple[str, ...]
    """Files that were removed, each with the expected hash and the actual one."""
    unknown: tuple[str, ...]
    """Files that no release of this version names: they are never used."""

    def require_whole(self) -> None:
        """Raise HashMismatch if something was removed."""
        if self.removed:
            lines = "\n".join(f"  {line}" for line in self.removed)
            remedy = "fatecloud release fetch NAME fetches them again"
            raise HashMismatch(f"removed from the store:\n{lines}", remedy=remedy)


def verify_store(store: Store, say: Say) -> Verified:
    """Hash every file again, and remove what does not match its hash. What no release names is only listed.

    Args:
        say: receives a line per file that stays.

    Raises:
        ArtifactMissing: the store is empty.
    """
    if not any(True for _ in store.all()):
        raise ArtifactMissing(f"the store {store.root} is empty", remedy="fatecloud release fetch NAME")
    named, removed, unknown, verified = _named(store), [], [], 0
    for sha256, file in list(store.all()):
        got = sha256_of(file)
        if got != sha256:
            store.discard(sha256)
            removed.append(f"{file.name}: expected SHA-256 {sha256}, got {got}")
        elif sha256 not in named:
            unknown.append(file.name)
            say(f"not used: {file.name}: no release of this version names it")
        else:
            verified += 1
            say(f"ok  {file.name}")
    return Verified(verified, tuple(removed), tuple(unknown))


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle that was written."""

    size: int
    """Bytes."""
    signer: str
    """Fingerprint of the key that signed it; empty if it is not signed."""
    brought: bundles.Brought
    """Interpreters and JVMs in it."""


def bundle_release(name: str, store: Store, target: Path, files: SecretsFiles | None) -> Written:
    """Write one file for a controller without registries.

    Args:
        files: the inventory whose key signs it; None for a bundle without a signature.

    Raises:
        ArtifactMissing: the store lacks something.
        SecretsError: the vault of the inventory cannot be opened, or has no signing key.
    """
    key = key_to_sign(files) if files else None
    sign = partial(signed, namespace=BUNDLE, key=key) if key else None
    brought = bundles.write_bundle(catalogue.load(name), store, target, sign)
    return Written(target.stat().st_size, key.public.fingerprint if key else "", brought)


def _named(store: Store) -> set[str]:
    """Hashes of everything that a release of this version can use from a store."""
    found = set()
    for release in map(catalogue.load, catalogue.names()):
        found |= {artifact.sha256 for artifact in named(release)}
        kept = (read_interpreter(python, store) for python in release.pythons.values())
        found |= {interpreter.artifact.sha256 for interpreter in kept if interpreter}
        found |= {kept.artifact.sha256 for kept in packages_of(release, store).values()}
    return found | {artifact.sha256 for jdk in imported_jdks(store) for artifact in jdk.tree.artifacts}


def _is_locked(file: Path) -> bool:
    """Whether a release names a file, by its name or by its size and hash."""
    artifacts = [artifact for name in catalogue.names() for artifact in named(catalogue.load(name))]
    if any(artifact.filename == file.name for artifact in artifacts):
        return True
    sizes = {artifact.size for artifact in artifacts}
    return file.stat().st_size in sizes and sha256_of(file) in {artifact.sha256 for artifact in artifacts}


def _copied(file: Path, sha256: str, folder: Path) -> Path:
    """A copy of a file that no one else can write, with the bytes that were accepted. Raises ArtifactError."""
    copy = Path(shutil.copyfile(file, folder / file.name))
    if sha256_of(copy) != sha256:
        raise ArtifactError(f"{file} was changed while it was read")
    return copy


def _import_interpreter(file: Path, copy: Path, store: Store, say: Say) -> None:
    refused = []
    for python in (python for name in catalogue.names() for python in catalogue.load(name).pythons.values()):
        try:
            import_tarball(python, store, copy, say)
        except ArtifactError as error:
            refused.append(f"{python.release}: {error.message}")
        else:
            say(f"{file}: interpreter of {python.release}; fatecloud release fetch {python.release} fetches the rest")
            return
    raise ArtifactError(f"{file} is not an interpreter for any release:\n" + "\n".join(f"  {line}" for line in refused))
