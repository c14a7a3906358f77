"""Looks up the releases that an inventory names in the catalogue."""

from __future__ import annotations

from typing import Any

from fatecloud import catalogue
from fatecloud.catalogue.architectures import ARCHITECTURES
from fatecloud.inventory.kinds import Reader
from fatecloud.inventory.problems import one_of
from fatecloud.inventory.words import RELEASE_NAME
from fatecloud.model.release import Release


def find_release(name: str, path: str, reader: Reader) -> Release | None:
    """The release. If it is unknown, that is noted as a problem.

    Args:
        path: of the key that names it.
    """
    known = catalogue.names()
    if name not in known:
        reader.problems.add(reader.at(path), f"unknown release {name!r}", one_of(known), name, known)
        return None
    return catalogue.load(name)


def judge_top(raw: dict[str, Any], release: Release | None, reader: Reader) -> None:
    """Note what is missing or too much among the keys about all parties.

    Args:
        raw: the whole file as read.
        release: of the parties, as far as it is known.
    """
    if "parties" not in reader.places and "groups" not in reader.places:
        reader.problems.add(reader.at(""), "the file has neither parties nor groups", "parties, groups, or both")
    if "parties" not in reader.places:
        for name in ("release", "architecture"):
            if name in reader.places:
                what = f"{name} is that of the parties, and there are none"
                reader.problems.add(
                    reader.at(name), what, f"no such line{': each group has its own' * (name == 'release')}"
                )
        return
    # Where each party names its own, there is nothing left that needs one.
    own = [f"parties.{name}.release" in reader.places for name in raw.get("parties", {})]
    if "release" not in reader.places and not (own and all(own)):
        reader.problems.add(reader.at(""), "the file has no release", RELEASE_NAME.what)
    if "architecture" not in reader.places and (release is None or release.architectures):
        reader.problems.add(reader.at(""), "the file has no architecture", one_of(ARCHITECTURES))
    if release is not None:
        judge_architecture(release, raw.get("architecture"), "architecture", reader)


def judge_architecture(release: Release, architecture: str | None, path: str, reader: Reader) -> None:
    """Note that a release does not have the architecture of the parties.

    Args:
        path: where this is noted.
    """
    if architecture and architecture not in release.architectures:
        what = f"the release {release.name} has no architecture {architecture}"
        words = one_of(release.architectures) if path == "architecture" else "one that has it"
        reader.problems.add(reader.at(path), what, words)
