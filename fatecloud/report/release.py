"""Releases as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fatecloud.model.release import Artifact, Release
from fatecloud.report.fetching import megabytes


def release_text(release: Release, held: Mapping[str, Sequence[Artifact]], state: str) -> str:
    """Everything about a release.

    Args:
        release: which.
        held: `in the store` and `missing`, as far as they are known.
        state: one sentence about the store.
    """
    return "\n".join(_lines(release, held, state))


def _lines(release: Release, held: Mapping[str, Sequence[Artifact]], state: str) -> Iterator[str]:
    yield f"{release.name}: {release.summary}"
    yield "components"
    for component, version in release.components.items():
        oldest = release.minimum.get(component, {})
        wanted = " or ".join(f"{product} {floor}" for product, floor in oldest.items())
        yield f"  {component:<12} {version}" + (f" ({wanted} or newer)" if wanted else "")
    yield f"architectures: {', '.join(release.architectures)}"
    for architecture, why in release.unsupported.items():
        yield f"  not yet: {architecture}: {why}"
    yield f"Python {release.python.requires} on {release.arch}"
    for architecture in release.architectures:
        yield f"  {architecture}: {release.python.reasons[architecture]}"
    yield state
    for title, artifacts in held.items():
        yield f"{title}: {len(artifacts)} files, {megabytes(sum(artifact.size for artifact in artifacts))}"
        for artifact in artifacts:
            yield f"  {artifact.sha256[:12]}  {megabytes(artifact.size):>9}  {artifact.filename}"
