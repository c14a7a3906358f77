"""The lists of MD5 sums that upstream puts into its sets: `module:md5` per line, or what `md5sum` prints.

Such a list shows damage on the way. It does not prove who made the set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fatecloud.artifacts.packages.streams import Hashed
from fatecloud.model.package import Level
from fatecloud.plain import plain

_MODULE = r"(?P<name>[^:]+):\s{0,8}(?P<md5>[0-9a-fA-F]{32})"
_LINE = re.compile(rf"(?:{_MODULE}|(?P<sum>[0-9a-fA-F]{{32}}) [ *](?P<file>.+))")
_LONGEST = 4096
"""Characters of a line."""
_BOM = "\ufeff"
_SUFFIXES = ("", ".tar.gz", ".tgz", ".zip", ".jar", ".tar", ".tar.xz")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list."""

    name: str
    """Without directories; a module's lacks the end of its file's name."""
    md5: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A list beside the files that it is about."""

    place: tuple[str, ...]
    """Of the archive that has both; empty for the set of files that were given."""
    list: str
    """Its place, for people."""
    matching: dict[str, str]
    """Path of a file in the same archive -> the name under which it is listed."""
    wrong: tuple[str, ...]
    """What is not as the list says, a sentence each."""
    absent: tuple[str, ...]
    """Names of which there is no file."""
    unlisted: tuple[str, ...]
    """Archives beside it that it does not name."""


def begins_list(head: bytes) -> bool:
    """Whether a text begins like a list."""
    first = head.decode("utf-8", "replace").removeprefix(_BOM).lstrip().partition("\n")[0].strip()
    return len(first) <= _LONGEST and bool(_LINE.fullmatch(first))


def parse(text: str) -> tuple[Listed, ...]:
    """The lines of a list. Raises ValueError for a line that is of another form, with its number."""
    found = []
    for number, line in enumerate(text.removeprefix(_BOM).splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip()) if len(line) <= _LONGEST else None
        if match is None:
            raise ValueError(f"line {number} is {line.strip()[:80]!r}, expected `name:md5` or `md5  file`")
        name = (match["name"] or match["file"]).replace("\\", "/").rpartition("/")[2].strip()
        found.append(Listed(name, (match["md5"] or match["sum"]).lower()))
    return tuple(found)


def add_sums(given: Level, files: Mapping[str, Path]) -> None:
    """Add the MD5 of the files that were given, by name, where a list is among them: nothing else needs them."""
    if not any(entry.text for entry in given.entries.values()):
        return
    for name, file in files.items():
        with file.open("rb") as stream:
            given.entries[name] = replace(given.entries[name], md5=Hashed(stream).rest())


def comparisons(level: Level) -> Iterator[Compared]:
    """Every list of an archive, compared with the files in its own directory."""
    for path, entry in level.entries.items():
        if entry.text and begins_list(entry.text.encode()):
            yield _compared(level, path, entry.text)


def _compared(level: Level, path: str, text: str) -> Compared:
    folder = path.rpartition("/")[0]
    # Files that were given may lie anywhere; in an archive, a list is about its own directory.
    sums = {
        other: entry.md5
        for other, entry in level.entries.items()
        if entry.md5 and (not level.place or other.rpartition("/")[0] == folder)
    }
    shown = ": ".join((*level.place, path))
    try:
        listed = parse(text)
    except ValueError as error:
        return Compared(level.place, shown, {}, (f"{shown}: {error}",), (), ())
    matching: dict[str, str] = {}
    wrong, absent = [], []
    for line in listed:
        # By its sum first: a file that was renamed is still the one that is listed.
        same = [other for other, md5 in sums.items() if md5 == line.md5]
        named = [other for other in sums if other.rpartition("/")[2] in {line.name + end for end in _SUFFIXES}]
        if same:
            matching |= dict.fromkeys(same, line.name)
        elif named:
            where = ": ".join((*level.place, named[0]))
            wrong.append(f"{where}: expected MD5 {line.md5} by {path.rpartition('/')[2]}, got {sums[named[0]]}")
        else:
            absent.append(plain(line.name))
    unlisted = tuple(other for other in sums if other not in matching)
    return Compared(level.place, shown, matching, tuple(wrong), tuple(absent), unlisted)
