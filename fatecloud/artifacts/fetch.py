"""Fills the store with everything that a release needs. After that, no deployment needs a registry."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fatecloud.artifacts import index, interpreter
from fatecloud.artifacts.derive import derive_wheels
from fatecloud.artifacts.download import download_wheels
from fatecloud.artifacts.index import Interpreter, ReleaseIndex, loose
from fatecloud.artifacts.maven import download_maven
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.repair import repair_wheels
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, ArtifactMissing
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement
from fatecloud.model.release import Release

_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Of the wheels in trees, which are pure: any series does."""


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
    trees = [artifact for artifact in loose(release) if not store.holds(artifact)]
    # Before the long downloads, whose end is when an operator would otherwise hear of it.
    _refuse_unfetchable(release, trees)
    chosen = _interpreters(release, store, progress, insist)
    if before is not None and before.interpreters == chosen:
        return False
    wheels = {name: _missing(python, store) for name, python in release.pythons.items()}
    progress.begin([*trees, *(wheel for missing in wheels.values() for wheel in missing)])
    download_wheels([artifact for artifact in trees if artifact.kind == "wheel"], _OWN, store, progress)
    download_maven([artifact for artifact in trees if artifact.coordinates], store, progress)
    for name, python in release.pythons.items():
        download_wheels(wheels[name], python.minor, store, progress)
        derive_wheels(python, chosen[name], _needed(python, store, "sdist"), store, progress)
        repair_wheels(python, _needed(python, store, "wheel"), store, progress)
    return True


def _interpreters(release: Release, store: Store, progress: Progress, insist: str) -> dict[str, Interpreter]:
    """The interpreter of each Python set. What the operator insists on counts for the sets that it fits.

    Raises:
        ArtifactError: there is none for a set, or what is insisted on fits no set.
    """
    chosen: dict[str, Interpreter] = {}
    refused: list[ArtifactError] = []
    for name, python in release.pythons.items():
        try:
            chosen[name] = interpreter.choose(python, store, progress.say, insist)
        except ArtifactError as error:
            refused.append(error)
            if not insist or len(refused) == len(release.pythons):
                raise
            chosen[name] = interpreter.choose(python, store, progress.say)
    return chosen


def _refuse_unfetchable(release: Release, trees: Sequence[Artifact]) -> None:
    """Raise ArtifactMissing if an archive is missing that no registry has, before anything else is fetched."""
    absent = [artifact.filename for artifact in trees if artifact.kind != "wheel" and not artifact.coordinates]
    if absent:
        raise ArtifactMissing(
            f"no registry has {', '.join(absent)} of {release.name}",
            remedy="fatecloud release import FILE, with the file as its publisher gives it out",
        )


def _needed(python: PythonRequirement, store: Store, kind: str) -> list[Artifact]:
    """Locked files of a kind. One that another wheel is made of is only needed to make it."""
    made = {name for name, wheel in python.made.items() if store.holds(wheel)}
    return [artifact for artifact in python.lock if artifact.kind == kind and artifact.name not in made]


def _missing(python: PythonRequirement, store: Store) -> list[Artifact]:
    """Wheels that the store lacks; sources are fetched when they are built."""
    return [a for a in (python.installer, *_needed(python, store, "wheel")) if not store.holds(a)]


def stored(release: Release, store: Store) -> ReleaseIndex | None:
    """What the store has of a release; None unless it is complete."""
    try:
        return index.read(release, store)
    except ArtifactMissing:
        return None
