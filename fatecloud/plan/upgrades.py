"""Finds owners whose services would have to become those of a release for which there is no upgrade in place. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    desired: Desired, manifests: Mapping[str, Mapping[str, Any]], known: Versions
) -> tuple[NoUpgrade, ...]:
    """The owners for which a deploy has to stop before it changes anything, in the order of the inventory.

    Args:
        manifests: node -> its record; of the nodes that were read.
        known: all releases.
    """
    found = (_judged(desired, owner, _deployed(desired, owner, manifests), known) for owner in desired.cluster.owners)
    return tuple(one for one in found if one is not None)


def _deployed(
    desired: Desired, owner: str, manifests: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[ServiceId, str]]:
    """Each service of an owner on record -> what it is, and its version."""
    label = desired.cluster.label
    entries = ((k, e) for node in sorted(manifests) for k, e in manifests[node].get("services", {}).items())
    known = {key: (ServiceId.parse(label, key), str(entry.get("version", ""))) for key, entry in entries}
    return {key: one for key, one in known.items() if one[0].owner == owner}


def _judged(
    desired: Desired, owner: str, deployed: Mapping[str, tuple[ServiceId, str]], known: Versions
) -> NoUpgrade | None:
    release = desired.releases[owner]
    wrong = {
        key: line for key, (ident, version) in deployed.items() if (line := _in_the_way(release, ident, version, known))
    }
    if not wrong:
        return None
    versions = {ident.component: version for ident, version in deployed.values()}
    lost = tuple(f"{key}: {what}" for key, one in deployed.items() if (what := _keeps(one[0].component, one[1])))
    return NoUpgrade(owner, _name(versions, known), release.name, tuple(wrong.values()), lost)


def _in_the_way(release: Release, ident: ServiceId, version: str, known: Versions) -> str:
    """Why a deployed service cannot become one of a release, or go with it; empty if it can."""
    component, wanted = ident.component, release.components.get(ident.component, "")
    # The distribution replaces its own packages, whatever the release.
    if version in ("", DISTRIBUTION, wanted):
        return ""
    of = {name for name, components in known.items() if components.get(component) == version}
    # A version that no release has any more: a release may get a newer one of the same generation.
    fits = of & {release.name, *release.replaces} if of else wanted and _generation(component, version, wanted)
    return "" if fits else f"{ident.key}: {version}, and {release.name} has {wanted or f'no {component}'}"


def _generation(component: str, version: str, wanted: str) -> bool:
    return component_of(component, version).kind == component_of(component, wanted).kind


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
