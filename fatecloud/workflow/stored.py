"""What the controller's store holds of the releases of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fatecloud.artifacts import python_sets
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing
from fatecloud.model.desired import Desired
from fatecloud.model.parts import packages_missing
from fatecloud.model.python import PythonSet
from fatecloud.model.release import Release

Sets = dict[tuple[str, str], PythonSet]


def stored(releases: Iterable[Release], store: Store) -> tuple[Sets, dict[str, str]]:
    """What it holds, see `Desired.pythons`, and what it lacks: name of a release -> a sentence.

    Args:
        releases: of all owners; one that several have is looked up once.
    """
    sets: Sets = {}
    gaps: dict[str, str] = {}
    for release in {release.name: release for release in releases}.values():
        try:
            sets |= python_sets(release, store)
        except ArtifactMissing as error:
            gaps[release.name] = error.message
    return sets, gaps


def require_complete(gaps: Mapping[str, str]) -> None:
    """Refuse to ship from a store that lacks something. Raises ArtifactMissing, with all releases that it is about."""
    if gaps:
        remedy = "\n".join(f"fatecloud release fetch {name}" for name in gaps)
        raise ArtifactMissing("\n".join(gaps.values()), remedy=remedy)


def require_packages(resolved: Desired) -> None:
    """Refuse to ship to services whose packages were not imported. Raises ArtifactMissing with upstream's names."""
    if missing := packages_missing(resolved):
        lines = "\n".join(f"  {need.shown}" for need in missing)
        files = " ".join(need.file for need in missing)
        raise ArtifactMissing(f"packages were not imported:\n{lines}", remedy=f"fatecloud release import {files}")
