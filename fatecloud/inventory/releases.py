"""Looks up the release that an inventory names in the catalogue."""

from __future__ import annotations

from fatecloud import catalogue
from fatecloud.inventory.kinds import Reader
from fatecloud.inventory.problems import one_of
from fatecloud.model.release import Release


def find_release(name: str, architecture: str, reader: Reader) -> Release | None:
    """The release. If it is unknown, or does not have the architecture, that is noted as a problem."""
    known = catalogue.names()
    if name not in known:
        reader.problems.add(reader.at("release"), f"unknown release {name!r}", one_of(known), name, known)
        return None
    release = catalogue.load(name)
    if architecture not in release.architectures:
        what = f"the release {name} has no architecture {architecture}"
        reader.problems.add(reader.at("architecture"), what, one_of(release.architectures))
    return release
