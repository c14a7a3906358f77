"""Lists what is in a file, with the few small texts and versions of jars that the recognisers ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fatecloud.artifacts.packages import zips
from fatecloud.artifacts.packages.bounds import Bounds, Budget, Fault
from fatecloud.artifacts.packages.md5 import begins_list
from fatecloud.artifacts.packages.member import Member, path_of
from fatecloud.artifacts.packages.streams import Hashed, damage_named
from fatecloud.artifacts.packages.walk import Place, Walk, spooled
from fatecloud.errors import ArtifactError
from fatecloud.model.package import Entry, Level, PackageKind, Pom, matches, top_of
from fatecloud.plain import plain

_POM = "META-INF/maven/*/*/pom.properties"
_MOST_POMS = 64
_POM_SIZE = 4096
_CALLED_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".tar.xz", ".tar.bz2", ".zip")


def listed(
    file: Path, shown: str, kinds: Sequence[PackageKind], scratch: Path, bounds: Bounds, above: Level
) -> Level | None:
    """Everything in a file.

    Args:
        shown: name of the file, for people.
        scratch: see `Walk`.
        above: the set of files; the file is among its entries.

    Returns:
        None if it is not an archive.

    Raises:
        ArtifactError: it is over a bound, with the file and what was expected; or it cannot be read.
    """
    lister = _Lister(kinds, scratch, bounds, above)
    try:
        if not Walk(file, shown, lister, scratch, bounds).run():
            return None
    except Fault as fault:
        raise ArtifactError(f"{': '.join(lister.at)}: {fault}") from None
    except OSError as error:
        raise ArtifactError(f"{shown} cannot be read: {error}") from error
    return above.inside[shown]


def small_text(file: Path, bounds: Bounds) -> str:
    """Content of a file that may be a list of MD5 sums; empty if it is another one."""
    if file.stat().st_size > bounds.text:
        return ""
    data = file.read_bytes()
    return data.decode("utf-8", "replace") if begins_list(data) else ""


class _Lister:
    """Makes levels of what a walk finds."""

    def __init__(self, kinds: Sequence[PackageKind], scratch: Path, bounds: Bounds, above: Level) -> None:
        self._texts = "|".join(dict.fromkeys(text for kind in kinds for text in kind.texts))
        self._jars = "|".join(kind.jars for kind in kinds if kind.jars)
        self._scratch, self._bounds = scratch, bounds
        self._levels: dict[Place, Level] = {(): above}
        self._budget = Budget(bounds, 0)
        self.at: Place = ()
        """Where the walk is."""

    def enters(self, place: Place) -> bool:
        return bool(place)

    def begins(self, place: Place) -> None:
        above = self._levels[place[:-1]]
        above.inside[place[-1]] = self._levels[place] = Level(place, above=above)
        self.at = place

    def refuses(self, place: Place, path: str, text: str) -> None:
        level = self._levels[place]
        if not level.faults:
            level.faults.append(text)
        if path:
            # It may be what a package is recognised by, which then is refused and not passed over.
            level.entries.setdefault(path, Entry("link"))

    def ends(self, place: Place, size: int, md5: str, damage: str) -> None:
        self._levels[place[:-1]].entries[place[-1]] = Entry("file", size, md5)
        if place not in self._levels and damage:
            self.begins(place)
        if place in self._levels:
            self._levels[place].damage = damage
        self.at = place[:-1]

    def member(self, place: Place, path: str, member: Member) -> None:
        entries = self._levels[place].entries
        if member.kind == "directory":
            entries[path] = Entry("directory")
        elif member.kind == "link":
            entries[path] = Entry("link")
        elif member.kind == "same":
            self._same(place, path, member)
        elif matches(path.rpartition("/")[2], self._jars) and 0 < member.size <= self._bounds.jar:
            entries[path] = Entry("file", member.size, poms=self._poms(place, path, member))
        elif path.lower().endswith(_CALLED_ARCHIVES):
            entries[path] = Entry("file", member.size, Hashed(member.content).rest())
        else:
            entries[path] = Entry("file", member.size, text=self._text(path, member))

    def _same(self, place: Place, path: str, member: Member) -> None:
        entries = self._levels[place].entries
        other = entries.get(path_of(member.target))
        if other is None or other.kind != "file":
            self.refuses(
                place, path, f"{path!r} is another name of {member.target[:200]!r}, which does not come before it"
            )
        else:
            entries[path] = other

    def _text(self, path: str, member: Member) -> str:
        if member.size > self._bounds.text:
            return ""
        asked = top_of(path, self._texts) is not None or matches(path, _POM)
        if not (asked or begins_list(member.content.peek(256))) or not self._budget.text(member.size):
            return ""
        data = b"".join(iter(lambda: member.content.read(self._bounds.text), b""))
        return data.decode("utf-8", "replace")

    def _poms(self, place: Place, path: str, member: Member) -> tuple[Pom, ...]:
        """What a jar says about itself. One that cannot be read forbids the use of what it is in."""
        found: list[Pom] = []
        try:
            with (
                damage_named(),
                spooled(member.content, member.size, self._scratch) as file,
                zips.opened(file, self._bounds) as jar,
            ):
                names = [info for info in jar.infolist() if matches(info.filename, _POM)]
                for info in names[:_MOST_POMS]:
                    with jar.open(info) as stream:
                        found += pom_of(stream.read(_POM_SIZE).decode("utf-8", "replace"), info.filename)
        except Fault as fault:
            self.refuses(place, path, f"{path!r} cannot be used: {fault}")
        return tuple(found)


def pom_of(text: str, path: str) -> list[Pom]:
    """What a pom.properties says; none if it is not one."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    values = {key.strip(): value.strip() for key, _, value in pairs}
    try:
        return [Pom(values["groupId"], values["artifactId"], values["version"], plain(path))]
    except KeyError:
        return []
