"""Tar files with a whole release, for controllers that cannot reach a registry, and imports of single files."""

from __future__ import annotations

import json
import re
import tarfile
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from fatecloud import catalogue
from fatecloud.artifacts import index
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.release import Artifact, Release

HEADER = "fatecloud-bundle.json"
_MEMBER = re.compile(r"sha256/(?P<sha256>[0-9a-f]{64})/(?P<name>[A-Za-z0-9][\w.+-]*)")


def write_bundle(release: Release, store: Store, target: Path) -> int:
    """Write everything that the store has of a release into one file.

    Returns:
        Its size in bytes.

    Raises:
        ArtifactMissing: the store does not have all of it.
    """
    # Written under another name first, so that an interrupted write cannot be mistaken for a bundle.
    held = index.read(release, store)
    header = json.dumps({"release": release.name, "lock": index.lock_digest(release), **asdict(held)}).encode()
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w") as archive:
        member = tarfile.TarInfo(HEADER)
        member.size = len(header)
        archive.addfile(member, BytesIO(header))
        for artifact in held.artifacts:
            archive.add(store.path(artifact.sha256), f"sha256/{artifact.sha256}/{artifact.filename}", recursive=False)
    part.rename(target)
    return target.stat().st_size


def is_bundle(file: Path) -> bool:
    """Whether a file is a bundle of fatecloud."""
    try:
        with tarfile.open(file, "r:") as archive:
            first = archive.next()
            return first is not None and first.name == HEADER
    except (OSError, tarfile.TarError):
        return False


def read_bundle(file: Path, store: Store) -> Release:
    """Put a bundle's artifacts into the store, each verified against its own name.

    Raises:
        ArtifactError: it is damaged or incomplete, or has members that do not belong into a bundle.
        HashMismatch: an artifact's content does not match the hash in its name.
    """
    try:
        with tarfile.open(file, "r|") as archive:
            header: dict[str, object] = {}
            for member in archive:
                stream = archive.extractfile(member)
                if stream is None:
                    raise ArtifactError(f"{file}: {member.name} is not a plain file")
                if member.name == HEADER:
                    header = json.loads(stream.read())
                    continue
                named = _MEMBER.fullmatch(member.name)
                if named is None:
                    raise ArtifactError(f"{file}: unexpected member {member.name}")
                store.add_stream(stream, named["name"], named["sha256"])
    except (OSError, tarfile.TarError, ValueError) as error:
        raise ArtifactError(f"{file} cannot be read: {error}") from error
    release = catalogue.load(str(header.get("release")))
    if header.get("lock") != index.lock_digest(release):
        raise ArtifactError(
            f"{file} was made for another lock of {release.name}",
            remedy=f"make the bundle with this version of fatecloud: fatecloud release bundle {release.name}",
        )
    held = index.index_of(header)
    index.write_interpreter(release, store, held.interpreter)
    index.write(release, store, held)
    index.read(release, store)  # raises ArtifactMissing for an incomplete bundle
    return release


def import_artifact(file: Path, store: Store) -> Artifact:
    """Put one file that is in a release's lock into the store.

    Raises:
        HashMismatch: a lock has its name with another hash.
        ArtifactError: it is in no lock.
    """
    got = sha256_of(file)
    for name in catalogue.names():
        python = catalogue.load(name).python
        for artifact in (python.installer, *python.lock):
            if artifact.sha256 == got:
                store.add(file, got)
                return artifact
            if artifact.filename == file.name:
                raise HashMismatch(f"{file}: expected SHA-256 {artifact.sha256}, got {got}")
    raise ArtifactError(
        f"{file} is not part of any release that this version knows ({', '.join(catalogue.names())})",
        remedy="fatecloud release show NAME lists the files of a release",
    )
