"""What a set of listed archives has in it: pure, so that each refusal is tested with a listing alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fatecloud.artifacts.packages.listing import pom_of
from fatecloud.artifacts.packages.md5 import Compared, comparisons
from fatecloud.errors import ArtifactError
from fatecloud.model.package import Claim, Entry, Folder, Level, PackageKind, Pom, matches, top_of
from fatecloud.plain import plain

VERSION = re.compile(r"[0-9A-Za-z][\w.+-]{0,60}", re.ASCII)
_LOOSE_DAMAGE = 2
"""Archives in archives, from which on one that is damaged and has no sign of a package is only mentioned: sources of
Python packages bring broken archives for their tests."""


@dataclass(frozen=True, slots=True)
class Found:
    """A package in a set of files."""

    kind: PackageKind
    version: str
    said_by: str
    """What says the version."""
    folder: Folder
    size: int
    """Bytes, unpacked."""
    files: int
    """Files, links and directories."""

    @property
    def file(self) -> str:
        """The file of the set in which it is."""
        return self.folder.level.place[0]

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"{self.kind.name} {self.version}"

    @property
    def where(self) -> str:
        """Its place, for people."""
        return ": ".join((*self.folder.level.place, self.folder.top)) if self.folder.top else self.folder.level.title

    def listed_by(self, lists: Sequence[Compared]) -> str:
        """The list of MD5 sums that it matches; empty if none names it, nor an archive in which it is."""
        place = self.folder.level.place
        for compared in lists:
            depth = len(compared.place)
            if place[:depth] == compared.place and len(place) > depth and place[depth] in compared.matching:
                return compared.list
        return ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was made of a set of files."""

    found: tuple[Found, ...]
    lists: tuple[Compared, ...]
    unused: tuple[str, ...]
    """Archives that cannot be used and have no package, each with the reason."""


def recognised(files: Level, kinds: Sequence[PackageKind]) -> Recognised:
    """Find all packages of a set.

    Args:
        files: the set; each file that is an archive is a level inside it.

    Raises:
        ArtifactError: a package is not whole, is of two versions in itself, differs from its list of MD5 sums, or is in
            an archive that must not be used; or the set has two versions of one. With file, place, what was expected.
    """
    found: list[Found] = []
    unused: list[str] = []
    for level in files.all():
        if level is files or _inside_package(level, found):
            continue
        tops = [(kind, top) for kind in kinds for top in _tops(level, kind)]
        reason = level.damage or (level.faults[0] if level.faults else "")
        if reason:
            if tops or len(level.place) == 1 or (level.damage and len(level.place) <= _LOOSE_DAMAGE):
                raise ArtifactError(f"{level.title}: {reason}")
            unused.append(f"{level.title}: {reason}")
            continue
        found += [_found(kind, Folder(level, top)) for kind, top in tops]
        _refuse_lone_jar(level, kinds)
    lists = tuple(compared for level in files.all() for compared in comparisons(level))
    for compared in lists:
        _refuse_unlike(compared)
    _refuse_mixed(found)
    return Recognised(tuple(found), lists, tuple(unused))


def has_package(level: Level, kinds: Sequence[PackageKind]) -> bool:
    """Whether a file has a sign of a package anywhere."""
    return any(True for inner in level.all() for kind in kinds for _ in _tops(inner, kind))


def runtimes_inside(files: Level) -> Iterator[str]:
    """Archives inside of the given ones that hold a JVM: it would run on this machine, so it is imported by itself."""
    for level in files.all():
        names = {path.rpartition("/")[2] for path in level.entries if path.endswith(("/bin/java", "/libjvm.so"))}
        if len(level.place) > 1 and names == {"java", "libjvm.so"}:
            yield level.title


def _tops(level: Level, kind: PackageKind) -> Iterator[str]:
    files = (path for path, entry in level.entries.items() if entry.kind != "directory")
    tops = {top: None for path in files if (top := top_of(path, kind.mark)) is not None}
    yield from (top for top in tops if not (kind.unless and Folder(level, top).matching(kind.unless)))


def _found(kind: PackageKind, folder: Folder) -> Found:
    where = f"{folder.level.title}: {folder.top}" if folder.top else folder.level.title
    lacking = [pattern for pattern in kind.needs if not folder.matching(pattern)]
    if lacking:
        raise ArtifactError(
            f"{where}: {kind.title} is not whole: expected {_shown(lacking[0])} beside {_shown(kind.mark)}",
            remedy="get the archive from its publisher again",
        )
    claims = list(kind.claims(folder))
    if not claims:
        raise ArtifactError(f"{where}: {kind.title} of no version: nothing in it says which one it is")
    if bad := [claim for claim in claims if not VERSION.fullmatch(claim.version)]:
        raise ArtifactError(f"{where}: {plain(bad[0].version[:60])!r} by {bad[0].said_by} is not a version")
    first = claims[0]
    for other in claims[1:]:
        if other.version != first.version:
            raise ArtifactError(f"{where}: {kind.title} of two versions: {_said(first)}, {_said(other)}")
    entries = [entry for _, entry in folder.below()]
    return Found(kind, first.version, first.said_by, folder, sum(entry.size for entry in entries), len(entries))


def _shown(patterns: str) -> str:
    return patterns.replace("|", " or ")


def _said(claim: Claim) -> str:
    return f"{claim.version} by {claim.said_by}"


def _inside_package(level: Level, found: Sequence[Found]) -> bool:
    """Whether an archive is a file of a package: then nothing is looked for in it."""
    above = level.above
    while above is not None:
        path = level.place[-1]
        for one in found:
            if one.folder.level is above and (not one.folder.top or path.startswith(f"{one.folder.top}/")):
                return True
        level, above = above, above.above
    return False


def _refuse_lone_jar(level: Level, kinds: Sequence[PackageKind]) -> None:
    """Name what a jar that was given alone belongs to."""
    if len(level.place) > 1:
        return
    poms = [pom for path, entry in level.entries.items() for pom in _poms(path, entry)]
    for kind in kinds:
        for pom in poms:
            if kind.jars and matches(f"{pom.artifact}-{pom.version}.jar", kind.jars):
                raise ArtifactError(
                    f"{level.title}: only the jar {pom.artifact} {pom.version} of {kind.title}, by {pom.path}; "
                    f"expected the package that has it with {', '.join(kind.needs)}"
                )


def _poms(path: str, entry: Entry) -> list[Pom]:
    return pom_of(entry.text, path) if entry.text and path.endswith("/pom.properties") else []


def _refuse_unlike(compared: Compared) -> None:
    """Hold archives to their list. Of files that were given one by one, some may be absent, and others beside them."""
    title = ": ".join(compared.place)
    if compared.wrong:
        raise ArtifactError(compared.wrong[0], remedy="get the archive from its publisher again")
    if compared.absent and compared.place:
        raise ArtifactError(
            f"{title}: the set is not whole: {compared.list} names {', '.join(compared.absent)}, and there is no such "
            "file beside it"
        )
    if compared.unlisted and compared.place:
        raise ArtifactError(
            f"{title}: {compared.unlisted[0]} is not in {compared.list}, which names every archive of its set"
        )


def _refuse_mixed(found: Sequence[Found]) -> None:
    first: dict[str, Found] = {}
    for one in found:
        other = first.setdefault(one.kind.name, one)
        if other.version != one.version:
            raise ArtifactError(
                f"{one.kind.title} of two versions in one set: {other.version} in {other.where}, {one.version} in "
                f"{one.where}",
                remedy="import the files one after the other: a version that no release needs is left out",
            )
