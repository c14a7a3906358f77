"""Finds owners whose services would have to become those of a release for which there is no upgrade in place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.registry import component_of, packages
from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.release import DISTRIBUTION, Release

Versions = Mapping[str, Mapping[str, str]]
"""Name of a release -> its components -> their versions."""


@dataclass(frozen=True, slots=True)
class NoUpgrade:
    """An owner whose deployed services cannot become those of its release."""

    owner: str
    now: str
    """The release that is deployed; empty where none is known with these versions."""
    to: str
    """The release of the inventory."""
    services: tuple[str, ...]
    """What is in the way, one line each: `9999/flow@a1: 1.11.2, and fate-2.2.0 has 2.2.0`."""
    lost: tuple[str, ...]
    """What the new services could not read, by service: `9999/flow@a1: models and job outputs`."""


def without_upgrade(
    desired: Desired,
    manifests: Mapping[str, Mapping[str, Any]],
    known: Versions,
    new: Collection[str] = (),
) -> tuple[NoUpgrade, ...]:
    """The owners for which a deploy has to stop before it changes anything, in the order of the inventory.

    Args:
        manifests: node -> its record; of the nodes that were read.
        known: all releases.
        new: keys of the services that are to start with new data.
    """
    found = (
        _judged(desired, owner, _before(desired, owner, manifests), known, new) for owner in desired.cluster.owners
    )
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class _Before:
    """One service of an owner as it was deployed last."""

    id: ServiceId
    version: str
    gone: bool
    """Whether it was removed, and a service of the inventory would find its data and take them for its own."""


def _before(desired: Desired, owner: str, manifests: Mapping[str, Mapping[str, Any]]) -> list[_Before]:
    found: dict[str, _Before] = {}
    for node in sorted(manifests):
        entries = manifests[node].get("services", {})
        marks = {key: mark for key, mark in manifests[node].get("data", {}).items() if key not in entries}
        for key, entry in (*marks.items(), *entries.items()):
            service, gone, heir = ServiceId.parse(desired.cluster.label, key), key in marks, desired.services.get(key)
            if service.owner != owner or (gone and (heir is None or heir.data != entry.get("path"))):
                continue
            found[key] = _Before(service, str(entry.get("version", "")), gone)
    return list(found.values())


def _judged(
    desired: Desired, owner: str, before: Collection[_Before], known: Versions, new: Collection[str]
) -> NoUpgrade | None:
    release = desired.releases[owner]
    lines = {one.id.key: _in_the_way(release, one.id, one.version, known) for one in before}
    # A database says nothing of the release whose tables it has, so it goes by the other data that were left with it.
    old = any(lines[one.id.key] for one in before if one.gone)
    wrong = {
        one.id.key: lines[one.id.key] or f"{one.id.key}: its data were left with these"
        for one in before
        if (one.gone and old and one.id.key not in new) or (not one.gone and lines[one.id.key])
    }
    if not wrong:
        return None
    versions = {one.id.component: one.version for one in before if one.version}
    lost = tuple(f"{one.id.key}: {what}" for one in before if (what := _keeps(one.id.component, one.version)))
    return NoUpgrade(owner, _name(versions, known), release.name, tuple(wrong.values()), lost)


def _in_the_way(release: Release, ident: ServiceId, version: str, known: Versions) -> str:
    """Why a deployed service cannot become one of a release, or go with it; empty if it can."""
    component, wanted = ident.component, release.components.get(ident.component, "")
    # The distribution replaces its own packages, whatever the release.
    if version in ("", DISTRIBUTION, wanted):
        return ""
    of = {name for name, components in known.items() if components.get(component) == version}
    # A version that no release has any more: a release may get a newer one of the same generation.
    fits = of & {release.name, *release.replaces} if of else wanted and _alike(component, version, wanted)
    return "" if fits else f"{ident.key}: {version}, and {release.name} has {wanted or f'no {component}'}"


def _alike(component: str, version: str, wanted: str) -> bool:
    """Whether two versions are of one generation; a component that is not known any more has none."""
    return component in packages() and component_of(component, version).kind == component_of(component, wanted).kind


def _name(versions: Mapping[str, str], known: Versions) -> str:
    """The release that all these versions are of."""
    fitting = (name for name, components in known.items() if _within(versions, components))
    return next(fitting, "")


def _within(versions: Mapping[str, str], components: Mapping[str, str]) -> bool:
    return all(components.get(component) == version for component, version in versions.items())


def _keeps(component: str, version: str) -> str:
    return component_of(component, version).keeps if component in packages() else ""


def sentences(one: NoUpgrade, title: str) -> Iterator[str]:
    """What is said about it, line by line.

    Args:
        title: of the owner: `party 9999`.
    """
    yield f"{title}: there is no upgrade in place from {one.now or 'what is deployed'} to {one.to}"
    yield from (f"  {line}" for line in one.services)
    if one.lost:
        yield f"  {one.to} could read nothing of this, and its services would take the same directories:"
        yield from (f"    {line}" for line in one.lost)
