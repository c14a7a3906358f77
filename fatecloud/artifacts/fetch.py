"""Fills the store with everything that a release needs. After that, no deployment needs a registry."""

from __future__ import annotations

from fatecloud.artifacts import index, interpreter
from fatecloud.artifacts.derive import derive_wheels
from fatecloud.artifacts.download import download_wheels
from fatecloud.artifacts.index import Interpreter, ReleaseIndex
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.repair import repair_wheels
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.python import PythonRequirement
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
    chosen = {name: interpreter.choose(python, store, progress.say, insist) for name, python in release.pythons.items()}
    if before is not None and before.interpreters == chosen:
        return False
    for name, python in release.pythons.items():
        _fetch_python(python, chosen[name], store, progress)
    return True


def _fetch_python(python: PythonRequirement, chosen: Interpreter, store: Store, progress: Progress) -> None:
    # A locked file that another wheel is made of is only needed to make it.
    needed = [a for a in python.lock if not (a.name in python.made and store.holds(python.made[a.name]))]
    wheels = [artifact for artifact in needed if artifact.kind == "wheel"]
    sdists = [artifact for artifact in needed if artifact.kind == "sdist"]
    missing = [artifact for artifact in (python.installer, *wheels) if not store.holds(artifact)]
    progress.begin(missing)
    download_wheels(missing, python.minor, store, progress)
    derive_wheels(python, chosen, sdists, store, progress)
    repair_wheels(python, wheels, store, progress)


def stored(release: Release, store: Store) -> ReleaseIndex | None:
    """What the store has of a release; None unless it is complete."""
    try:
        return index.read(release, store)
    except ArtifactMissing:
        return None
