"""What the reference page of the releases has of each, from the catalogue."""

from __future__ import annotations

from fatecloud import catalogue
from fatecloud.components.registry import component_of, packages
from fatecloud.model.compatibility import Incompatible
from fatecloud.report.releases_page import ComponentRow, ReleaseRow


def component_rows() -> tuple[ComponentRow, ...]:
    """Each component that fatecloud deploys, of each release."""
    return tuple(
        ComponentRow(name, component, version, component_of(component, version).generation, seen.get(component, {}))
        for name in catalogue.names()
        for components, seen in [(catalogue.load(name).components, catalogue.load(name).seen)]
        for component, version in components.items()
        if component in packages()
    )


def release_rows() -> tuple[ReleaseRow, ...]:
    """Each release with FATE."""
    with_fate = [release for name in catalogue.names() if (release := catalogue.load(name)).fate]
    return tuple(
        ReleaseRow(
            release.name,
            tuple(one.name for one in with_fate if one != release and not release.apart_from(one.fate)),
            release.replaces,
            tuple(f"{_range(one)}: {one.why}" for one in release.incompatible),
        )
        for release in with_fate
    )


def _range(versions: Incompatible) -> str:
    return f"from {versions.first}" + (f", before {versions.below}" if versions.below else "")
