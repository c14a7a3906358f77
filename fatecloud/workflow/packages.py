"""`release import` of what upstream publishes: recognised as one set, confirmed, and kept whole or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fatecloud import catalogue
from fatecloud.artifacts.bundle import unknown
from fatecloud.artifacts.packages import keeping
from fatecloud.artifacts.packages.bounds import Bounds, require_space
from fatecloud.artifacts.packages.listing import listed, small_text
from fatecloud.artifacts.packages.md5 import Compared, add_sums
from fatecloud.artifacts.packages.recognise import Found, Recognised, has_package, recognised, runtimes_inside
from fatecloud.artifacts.packages.record import Kept, kept_packages
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.catalogue.packages import kinds
from fatecloud.errors import ArtifactError
from fatecloud.model.package import Entry, Level, PackageNeed
from fatecloud.model.sizes import size_text
from fatecloud.workflow.acceptance import Acceptance, accept_packages

Say = Callable[[str], None]
BOUNDS = Bounds()
TARBALLS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""Names of files that may have an interpreter or a JVM in them. Someone has to confirm it before any of it is run."""
_LARGE = 256 << 20
"""Bytes of a file that takes so long that it is mentioned."""
_RUNTIME = re.compile(r"(?:^|/)bin/(?:java|python3\.\d+)$")
"""What a JVM or an interpreter has: such an archive is confirmed by itself, because it runs on this machine."""


@dataclass(slots=True)
class _Set:
    """The files that were given, as far as they are upstream's."""

    level: Level = field(default_factory=lambda: Level(()))
    copies: dict[str, tuple[Path, str]] = field(default_factory=dict)
    """Name as given -> a copy of ours and its SHA-256."""
    others: list[Path] = field(default_factory=list)
    """Files that are something else."""


def import_packages(files: Sequence[Path], store: Store, say: Say, given: Acceptance) -> list[Path]:
    """Take all packages of these files into the store. It gets all of them, or none.

    Args:
        given: what the operator confirmed.

    Returns:
        The files that have nothing to do with packages.

    Raises:
        ArtifactError: a file is damaged, over a bound, or of no use to a release; or the set is not whole or mixed.
        NotTrusted: a file needs the operator's word.
    """
    with store.workspace() as scratch:
        given_set = _set_of(files, scratch, say)
        made = recognised(given_set.level, kinds())
        for reason in made.unused:
            say(f"not used: {reason}")
        if not made.found:
            _refuse_empty(given_set)
            return given_set.others
        _say_what_is_there(given_set, made, say)
        useful = [one for one in made.found if _releases_of(one)]
        if not useful:
            titles = ", ".join(one.title for one in made.found)
            raise ArtifactError(f"no release of this version needs {titles}:\n" + "\n".join(_needs()))
        keeping.require_bounded(useful, scratch, BOUNDS)
        accept_packages(_to_confirm(given_set, useful), given)
        archives = keeping.packed(given_set.copies, useful, scratch, BOUNDS)
        before = {kept.artifact.name: kept for kept in kept_packages(store)}
        keeping.stored(archives, store)
    _say_what_changed(archives.values(), before, useful, store, say)
    return given_set.others


def _say_what_is_there(given: _Set, made: Recognised, say: Say) -> None:
    for one in made.found:
        say(_line(one, made.lists))
    for compared in made.lists:
        _say_loose(compared, say)
    for place in runtimes_inside(given.level):
        say(f"{place}: a JVM; take it out and import it by itself, if a node needs one")


def _say_what_changed(
    archives: Iterable[Kept], before: Mapping[str, Kept], useful: Sequence[Found], store: Store, say: Say
) -> None:
    for kept in archives:
        other = before.get(kept.artifact.name)
        if other and other.artifact != kept.artifact:
            say(f"{kept.name} {kept.version} replaces another one of this version, from {other.source}")
    for name in sorted({name for one in useful for name in _releases_of(one)}):
        missing = missing_packages(name, store)
        say(f"{name}: " + ("all of its packages are in the store" if not missing else "still missing:"))
        for need in missing:
            say(f"  {need.shown}")


def missing_packages(release: str, store: Store) -> tuple[PackageNeed, ...]:
    """Packages of a release that the store lacks, with those that it is complete without."""
    held = {(kept.name, kept.version) for kept in kept_packages(store)}
    needs = catalogue.load(release).packages.values()
    return tuple(need for need in needs if (need.name, need.version) not in held)


def _set_of(files: Sequence[Path], scratch: Path, say: Say) -> _Set:
    """List the files. What is an archive is copied first: nothing of it is believed that could be changed later."""
    found = _Set()
    for number, file in enumerate(files):
        name = str(file)
        if name in found.level.entries:
            continue
        if text := small_text(file, BOUNDS):
            found.level.entries[name] = Entry("file", file.stat().st_size, text=text)
            continue
        size = file.stat().st_size
        require_space(scratch, size, f"a copy of {file}")
        if size >= _LARGE:
            say(f"{file}: reading {size_text(size)}")
        copy = Path(shutil.copyfile(file, scratch / f"given-{number}"))
        level = listed(copy, name, kinds(), scratch, BOUNDS, found.level)
        if level is None and not file.name.endswith(TARBALLS):
            raise unknown(file)
        if level is None or (not has_package(level, kinds()) and any(map(_RUNTIME.search, level.entries))):
            found.level.inside.pop(name, None)
            found.level.entries.pop(name, None)
            found.others.append(file)
            copy.unlink()
        else:
            found.copies[name] = (copy, sha256_of(copy))
    add_sums(found.level, {name: copy for name, (copy, _) in found.copies.items()})
    return found


def _refuse_empty(given: _Set) -> None:
    if given.level.inside:
        names = ", ".join(given.level.inside)
        raise ArtifactError(
            f"{names}: nothing in it that a release needs; expected a package, a JVM or an interpreter:\n"
            + "\n".join(_needs())
        )
    if given.level.entries and not given.others:
        raise ArtifactError(
            f"{', '.join(given.level.entries)}: a list of MD5 sums alone",
            remedy="import it with the files that it names",
        )


def _needed() -> Iterator[tuple[str, PackageNeed]]:
    """Each release with each of the packages that it needs."""
    for name in catalogue.names():
        for need in catalogue.load(name).packages.values():
            yield name, need


def _needs() -> Iterator[str]:
    return (f"  {name} needs {need.shown}" for name, need in _needed())


def _releases_of(one: Found) -> list[str]:
    wanted = (one.kind.name, one.version)
    return [name for name, need in _needed() if (need.name, need.version) == wanted]


def _to_confirm(given: _Set, useful: Sequence[Found]) -> Mapping[Path, tuple[str, tuple[str, ...]]]:
    files = dict.fromkeys(one.file for one in useful)
    return {
        Path(name): (given.copies[name][1], tuple(one.title for one in useful if one.file == name)) for name in files
    }


def _line(one: Found, lists: Sequence[Compared]) -> str:
    by = one.listed_by(lists)
    releases = _releases_of(one)
    parts = [
        f"{one.where}: {one.title}, by {one.said_by}",
        f"MD5 as in {by.rpartition(': ')[2].rpartition('/')[2]}" if by else "in no list of MD5 sums",
        f"for {', '.join(releases)}" if releases else _why_unused(one),
    ]
    return "; ".join(parts)


def _why_unused(one: Found) -> str:
    others = [f"{name} needs {need.version}" for name, need in _needed() if need.name == one.kind.name]
    return f"not used: {'; '.join(others) or 'no release of this version needs it'}"


def _say_loose(compared: Compared, say: Say) -> None:
    """What a list among the given files names and does not name, which they may leave out or add."""
    if compared.absent:
        say(f"{compared.list}: names files that were not given: {', '.join(compared.absent)}")
    if compared.unlisted:
        say(f"{compared.list}: does not name {', '.join(compared.unlisted)}")
