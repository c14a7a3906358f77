"""Packages as upstream publishes them: what is in an archive, how a kind is recognised, what a release needs.

A listing is pure data. A recogniser of `catalogue/packages/` reads nothing else, so it is tested without an archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

_NAMED = re.compile(r"-(\d[\w.-]*)\.jar$")
EntryKind = Literal["file", "directory", "link"]


@dataclass(frozen=True, slots=True)
class Pom:
    """What the build of a jar wrote into it."""

    group: str
    artifact: str
    version: str
    path: str
    """Inside the jar: `META-INF/maven/.../pom.properties`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive."""

    kind: EntryKind
    size: int = 0
    """Bytes."""
    md5: str = ""
    """Hexadecimal, of what is an archive or is called like one; empty for all else."""
    text: str = ""
    """Content of a small file that a recogniser asks for, or that is a list of MD5 sums."""
    poms: tuple[Pom, ...] = ()
    """Of a jar that a recogniser asks for."""


@dataclass(slots=True)
class Level:
    """An archive, or the set of files that were given: its members by their paths."""

    place: tuple[str, ...]
    """The file as it was given, then the paths of the archives in which this one lies; empty for the set of files."""
    entries: dict[str, Entry] = field(default_factory=dict)
    inside: dict[str, Level] = field(default_factory=dict)
    """Archives among the entries, by their paths."""
    faults: list[str] = field(default_factory=list)
    """Why nothing of it may be used: names that lead elsewhere, devices, and the like."""
    damage: str = ""
    """Where it ends too early, or cannot be read; empty if it is whole."""
    above: Level | None = None

    @property
    def title(self) -> str:
        """Where it is, for people."""
        return ": ".join(self.place)

    def all(self) -> Iterator[Level]:
        """This level and those inside it."""
        yield self
        for level in self.inside.values():
            yield from level.all()


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory of an archive, as a recogniser sees it: paths are those below it."""

    level: Level
    top: str
    """Path of the directory in its archive; empty for the archive's own top."""

    def inner(self, path: str) -> str:
        """The path in the archive of one below this directory."""
        return f"{self.top}/{path}" if self.top else path

    def below(self) -> Iterator[tuple[str, Entry]]:
        """Everything in it."""
        start = f"{self.top}/" if self.top else ""
        for path, entry in self.level.entries.items():
            if path.startswith(start):
                yield path[len(start) :], entry

    def matching(self, patterns: str) -> list[str]:
        """Files and links whose paths match; see `matches`."""
        return [path for path, entry in self.below() if entry.kind != "directory" and matches(path, patterns)]

    def text(self, path: str) -> str:
        """Content of a file that the kind asks for in `texts`; empty if it is not there."""
        entry = self.level.entries.get(self.inner(path))
        return entry.text if entry else ""

    def around(self, name: str) -> tuple[str, str]:
        """Content and place of the nearest file of this name in this directory, and those in which it lies."""
        level: Level | None = self.level
        inside = self.top
        while level is not None:
            while True:
                path = f"{inside}/{name}" if inside else name
                if found := level.entries.get(path):
                    return found.text, ": ".join((*level.place, path))
                if not inside:
                    break
                inside = inside.rpartition("/")[0]
            inside = level.place[-1].rpartition("/")[0] if level.place else ""
            level = level.above
        return "", ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A version that something in a package says."""

    version: str
    said_by: str
    """Path below the package's top, or a place around it."""


@dataclass(frozen=True, slots=True)
class PackageKind:
    """A kind of package: one module of `catalogue/packages/` has one."""

    name: str
    """Of its tree, among those that a component can use."""
    title: str
    """Its name, for people."""
    mark: str
    """Patterns of a file; the directory that has it is a package's top. See `matches`."""
    needs: tuple[str, ...]
    """Patterns, each of which a file has to match; otherwise the package is not whole."""
    claims: Callable[[Folder], Iterator[Claim]]
    """What says its version. All have to say the same."""
    texts: tuple[str, ...] = ()
    """Ends of paths of small files whose content `claims` reads."""
    jars: str = ""
    """Patterns of names of jars whose poms `claims` reads."""
    unless: str = ""
    """Patterns of a file beside which the mark is that of a part of another kind."""


@dataclass(frozen=True, slots=True)
class PackageNeed:
    """A package that a release needs."""

    name: str
    """Of its kind."""
    version: str
    file: str
    """Upstream's own name for it."""
    also_in: tuple[str, ...] = ()
    """Upstream's names of larger archives that it comes in."""
    optional: str = ""
    """Why the release is complete without it; empty if it is not."""

    @property
    def shown(self) -> str:
        """What to look for, for people."""
        larger = f", also in {' and '.join(self.also_in)}" if self.also_in else ""
        return f"{self.name} {self.version}: {self.file}{larger}"


def matches(path: str, patterns: str) -> bool:
    """Whether a path matches one of several patterns, which `|` parts; a `*` does not match a slash."""
    return bool(_expression(patterns).fullmatch(path))


def top_of(path: str, patterns: str) -> str | None:
    """The directory below which a path matches; empty for the archive's own top, None if it does not match."""
    match = _below(patterns).fullmatch(path)
    return (match[1] or "") if match else None


@cache
def _expression(patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(pattern).replace(r"\*", "[^/]*") for pattern in patterns.split("|")))


@cache
def _below(patterns: str) -> re.Pattern[str]:
    return re.compile(f"(?:(.*)/)?(?:{_expression(patterns).pattern})")


def jar_claims(folder: Folder, patterns: str, artifacts: Mapping[str, str]) -> Iterator[Claim]:
    """Versions that jars say: by their poms, or by their names where they have none.

    Args:
        patterns: of their paths.
        artifacts: Maven artifact -> its group, or nothing for any group; of those that have the package's own version.
    """
    for path in folder.matching(patterns):
        poms = folder.level.entries[folder.inner(path)].poms
        for pom in poms:
            if artifacts.get(pom.artifact) in ("", pom.group):
                yield Claim(pom.version, f"{path}: {pom.path}")
        if not poms and (named := _NAMED.search(path)):
            yield Claim(named[1], path)


def setting_claim(text: str, said_by: str, key: str) -> Iterator[Claim]:
    """The version that a line `key=VERSION` or `key = "VERSION"` of a text says; none if there is none."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == key and value.strip(" \t\r\"'"):
            yield Claim(value.strip(" \t\r\"'"), f"{said_by}: {key}")
