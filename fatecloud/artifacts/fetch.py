"""Fills the store with everything that a release needs. After that, no deployment needs a registry."""

from __future__ import annotations

from fatecloud.artifacts import index, interpreter
from fatecloud.artifacts.derive import derive_wheels
from fatecloud.artifacts.download import download_wheels
from fatecloud.artifacts.index import ReleaseIndex
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.repair import repair_wheels, repaired
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.release import Release


def fetch(release: Release, store: Store, progress: Progress, insist: str = "") -> bool:
    """Fetch everything of a release that the store lacks.

    Args:
        release: the release.
        store: gets the files.
        progress: is informed about every step.
        insist: interpreter that the operator insists on, see `interpreter.choose`.

    Returns:
        Whether anything had to be done.

    Raises:
        ArtifactError: something cannot be fetched; files that arrived stay, so that the same call continues.
    """
    before = stored(release, store)
    chosen = interpreter.choose(release, store, progress.say, insist)
    if before is not None and before.interpreter == chosen:
        return False
    wheels = [artifact for artifact in release.python.lock if artifact.kind == "wheel"]
    sdists = [artifact for artifact in release.python.lock if artifact.kind == "sdist"]
    unrepaired = [artifact for artifact in wheels if repaired(release, artifact, store) in {None, artifact}]
    missing = [artifact for artifact in (release.python.installer, *unrepaired) if not store.has(artifact.sha256)]
    progress.begin(missing)
    download_wheels(missing, release.python.minor, store, progress)
    derived = derive_wheels(release, chosen, sdists, store, progress)
    shipped = repair_wheels(release, wheels, store, progress)
    everything = tuple(sorted((*shipped, *derived), key=lambda artifact: artifact.name))
    index.write(release, store, ReleaseIndex(chosen, release.python.installer, everything))
    return True


def stored(release: Release, store: Store) -> ReleaseIndex | None:
    """What the store has of a release; None unless it is complete."""
    try:
        return index.read(release, store)
    except ArtifactMissing:
        return None
