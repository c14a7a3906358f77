"""Releases as text and as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fatecloud.model.release import Artifact, Release
from fatecloud.report.fetching import megabytes
from fatecloud.report.kinds import ArtifactDocument, ReleaseDocument, ReleaseList, StoreVerification
from fatecloud.report.wrap import table, wrapped


def release_text(release: Release, held: Mapping[str, Sequence[Artifact]], state: str, width: int) -> str:
    """Everything about a release.

    Args:
        release: which.
        held: `in the store` and `missing`, as far as they are known.
        state: one sentence about the store.
        width: columns of the terminal.
    """
    return "\n".join(_lines(release, held, state, width))


def _lines(release: Release, held: Mapping[str, Sequence[Artifact]], state: str, width: int) -> Iterator[str]:
    yield from wrapped(f"{release.name}: {release.summary}", width, "", "    ")
    yield "components"
    for component, version in release.components.items():
        oldest = release.minimum.get(component, {})
        wanted = " or ".join(f"{product} {floor}" for product, floor in oldest.items())
        yield from wrapped(
            f"{version} ({wanted} or newer)" if wanted else version, width, f"  {component:<12} ", " " * 15
        )
    yield f"architectures: {', '.join(release.architectures)}"
    for architecture, why in release.unsupported.items():
        yield from wrapped(f"not yet: {architecture}: {why}", width, "  ", "    ")
    yield f"Python {release.python.requires} on {release.arch}"
    for architecture in release.architectures:
        yield from wrapped(f"{architecture}: {release.python.reasons[architecture]}", width, "  ", "    ")
    yield from wrapped(state, width, "", "    ")
    for title, artifacts in held.items():
        yield f"{title}: {len(artifacts)} files, {megabytes(sum(artifact.size for artifact in artifacts))}"
        yield from table([(f"  {a.sha256[:12]}", f"{megabytes(a.size):>9}", a.filename) for a in artifacts], width)


def release_document(
    release: Release, store: str, held: Sequence[Artifact] | None, missing: Sequence[Artifact]
) -> ReleaseDocument:
    """A release as a document for programs.

    Args:
        release: which.
        store: path of the store.
        held: its files in the store; None if it is not complete.
        missing: files that the store lacks.
    """
    return {
        "name": release.name,
        "summary": release.summary,
        "store": store,
        "complete": held is not None,
        "components": dict(release.components),
        "oldest": {component: dict(floors) for component, floors in release.minimum.items()},
        "architectures": list(release.architectures),
        "unsupported": dict(release.unsupported),
        "python": release.python.requires,
        "machine": release.arch,
        "artifacts": [_artifact(artifact) for artifact in held or ()],
        "missing": [_artifact(artifact) for artifact in missing],
    }


def releases_text(rows: Iterable[tuple[Release, bool, int]], width: int) -> str:
    """All releases, one line each if the width allows it; `rows` as for `releases_document`."""
    cells = [(r.name, "in the store" if whole else f"{count} files to fetch", r.summary) for r, whole, count in rows]
    return "\n".join(table(cells, width))


def verification_document(store: str, verified: int, removed: Iterable[str]) -> StoreVerification:
    """What a verification of the store found."""
    return {"store": store, "verified": verified, "removed": list(removed)}


def releases_document(store: str, rows: Iterable[tuple[Release, bool, int]]) -> ReleaseList:
    """All releases as a document for programs.

    Args:
        store: path of the store.
        rows: release, whether the store has all of its files, how many locked files are missing.
    """
    return {
        "store": store,
        "items": [
            {"name": release.name, "summary": release.summary, "complete": complete, "missing_files": count}
            for release, complete, count in rows
        ],
    }


def _artifact(artifact: Artifact) -> ArtifactDocument:
    return {
        "name": artifact.name,
        "filename": artifact.filename,
        "sha256": artifact.sha256,
        "size": artifact.size,
    }
