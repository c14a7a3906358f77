"""From recognised packages to trees of the store: unpacked, packed the same way everywhere, stored, recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fatecloud.artifacts import pack
from fatecloud.artifacts.packages.bounds import Bounds, require_space
from fatecloud.artifacts.packages.recognise import Found
from fatecloud.artifacts.packages.record import Kept, keep
from fatecloud.artifacts.packages.unpacking import unpacked
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError
from fatecloud.model.artifact import Artifact


def require_bounded(found: Iterable[Found], scratch: Path, bounds: Bounds) -> None:
    """Refuse packages that no node would unpack, or that do not fit on the store's disk. Raises ArtifactError."""
    total = 0
    for one in found:
        if one.size > bounds.package or one.files > bounds.package_files:
            raise ArtifactError(
                f"{one.where}: {one.title} has {one.files} files and {one.size} bytes, expected at most "
                f"{bounds.package_files} and {bounds.package}"
            )
        total += one.size
    # Each is there twice for a moment: unpacked, and packed again.
    require_space(scratch, 2 * total, "to unpack and pack the packages")


def packed(
    files: Mapping[str, tuple[Path, str]], found: Iterable[Found], scratch: Path, bounds: Bounds
) -> dict[Path, Kept]:
    """Make an archive of each package. It has no owner, time or place, so the same files give the same bytes.

    Args:
        files: by name, as given: a copy that no one else can change, and its SHA-256.
        scratch: a directory of the store's, to be removed afterwards.

    Returns:
        By the archive, which is in `scratch`. A package that came several times is there once.

    Raises:
        ArtifactError: a file is not what was recognised, or a package came twice with different files.
    """
    made: dict[str, tuple[Path, Kept, Found]] = {}
    by_file: dict[str, list[Found]] = {}
    for one in found:
        by_file.setdefault(one.file, []).append(one)
    for number, (name, ones) in enumerate(by_file.items()):
        file, sha256 = files[name]
        folders = {scratch / f"{number}-{position}": one for position, one in enumerate(ones)}
        for folder in folders:
            folder.mkdir()
        unpacked(file, folders, scratch, bounds)
        for folder, one in folders.items():
            archive = folder.with_suffix(".tar.gz")
            pack.write_tarball(folder, archive)
            kept = _kept(archive, one, sha256)
            other = made.setdefault(one.kind.name, (archive, kept, one))
            if other[1].artifact.sha256 != kept.artifact.sha256:
                raise ArtifactError(
                    f"{one.title} is there twice with different files: in {other[2].where} and in {one.where}",
                    remedy="import only one of them",
                )
    return {archive: kept for archive, kept, _ in made.values()}


def stored(archives: Mapping[Path, Kept], store: Store) -> None:
    """Put them into the store, all of which were made before."""
    for archive, kept in archives.items():
        store.take(archive, kept.artifact)
        keep(store, kept)


def _kept(archive: Path, one: Found, sha256: str) -> Kept:
    name = f"{one.kind.name}-{one.version}.tar.gz"
    size = archive.stat().st_size
    artifact = Artifact(f"{one.kind.name}=={one.version}", name, sha256_of(archive), size, "archive")
    return Kept(artifact, one.said_by[:300], one.where[:300], sha256)
