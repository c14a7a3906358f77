"""The packages that a store has: one record for each version of a kind, beside the archive that we made of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from fatecloud.artifacts.store import FILE_NAME, Store
from fatecloud.model.artifact import Artifact
from fatecloud.model.release import Release
from fatecloud.model.trees import Tree

LARGEST = 4 << 30
"""Bytes of a packed one."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}==[0-9A-Za-z][\w.+-]{0,60}", re.ASCII)
_TEXT = 300


@dataclass(frozen=True, slots=True)
class Kept:
    """A package in the store."""

    artifact: Artifact
    said_by: str
    """What says its version, in the package."""
    source: str
    """The file that was imported, and the place in it."""
    source_sha256: str
    """Of that file."""

    @property
    def name(self) -> str:
        """Of its kind."""
        return self.artifact.name.partition("==")[0]

    @property
    def version(self) -> str:
        """As upstream has it."""
        return self.artifact.name.partition("==")[2]


def keep(store: Store, kept: Kept) -> None:
    """Record a package whose archive is in the store."""
    folder = store.root / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kept.name}-{kept.version}.json"
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(kept), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.rename(file)


def kept_packages(store: Store) -> tuple[Kept, ...]:
    """The packages that it has."""
    found = []
    for file in sorted((store.root / "packages").glob("*.json")):
        try:
            kept = _read(json.loads(file.read_text(encoding="utf-8")), file.stem)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not one that this version wrote, or a damaged file: it counts as not there
        found += [kept] if store.holds(kept.artifact) else []
    return tuple(found)


def packages_of(release: Release, store: Store) -> dict[str, Kept]:
    """Those that a release needs and the store has, by kind."""
    held = {(kept.name, kept.version): kept for kept in kept_packages(store)} if release.packages else {}
    wanted = ((name, held.get((name, need.version))) for name, need in release.packages.items())
    return {name: kept for name, kept in wanted if kept}


def with_packages(release: Release, store: Store) -> Release:
    """The release with the packages of this store among its trees, which components use by the names of the kinds."""
    trees = {name: Tree(name, (kept.artifact,)) for name, kept in packages_of(release, store).items()}
    return replace(release, trees={**release.trees, **trees}) if trees else release


def _read(data: Any, stem: str) -> Kept:
    """A package from its record. Raises ValueError, KeyError, TypeError or AttributeError for another form."""
    kept = Kept(**{**data, "artifact": Artifact(**data["artifact"])})
    artifact = kept.artifact
    good = (
        _NAME.fullmatch(artifact.name)
        and stem == f"{kept.name}-{kept.version}"
        and artifact.kind == "archive"
        and FILE_NAME.fullmatch(artifact.filename)
        and re.fullmatch("[0-9a-f]{64}", artifact.sha256)
        and type(artifact.size) is int
        and 0 < artifact.size <= LARGEST
        and all(len(text) <= _TEXT and text.isprintable() for text in (kept.said_by, kept.source, kept.source_sha256))
    )
    if not good:
        raise ValueError(stem)
    return kept
