"""Releases as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fatecloud.model.release import Artifact, Release
from fatecloud.report.fetching import megabytes
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
