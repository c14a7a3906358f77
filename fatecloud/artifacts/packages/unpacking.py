"""Unpacks the packages that were recognised in a file, each into a directory of its own, and nothing else."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from fatecloud.artifacts.packages.bounds import Bounds, Fault
from fatecloud.artifacts.packages.member import Member, leaves, path_of
from fatecloud.artifacts.packages.recognise import Found
from fatecloud.artifacts.packages.walk import Place, Walk
from fatecloud.artifacts.store import CHUNK
from fatecloud.errors import ArtifactError


def unpacked(file: Path, wanted: Mapping[Path, Found], scratch: Path, bounds: Bounds) -> None:
    """Fill directories with packages.

    Args:
        file: in which they were recognised; unchanged since.
        wanted: directory, which is not there yet -> package.
        scratch: see `Walk`.

    Raises:
        ArtifactError: what is unpacked is not what was recognised; with the place.
    """
    targets = [_Target(folder, found) for folder, found in wanted.items()]
    unpacker = _Unpacker(targets)
    shown = next(iter(wanted.values())).file
    try:
        Walk(file, shown, unpacker, scratch, bounds).run()
    except Fault as fault:
        raise ArtifactError(f"{': '.join(unpacker.at)}: {fault}") from None
    for target in targets:
        if target.count != target.found.files:
            raise ArtifactError(f"{target.found.where}: {target.found.files} files were listed, {target.count} came")


@dataclass(slots=True)
class _Target:
    folder: Path
    found: Found
    count: int = 0
    made: dict[str, Path] = field(default_factory=dict)
    """Path in the archive -> the file that was written."""

    def below(self, place: Place, path: str) -> str:
        """The path below the package's top; empty for what is not in it."""
        top = self.found.folder.top
        if place != self.found.folder.level.place or (top and not path.startswith(f"{top}/")):
            return ""
        return path[len(top) + 1 :] if top else path


class _Unpacker:
    """Writes what is in a package."""

    def __init__(self, targets: list[_Target]) -> None:
        self._targets = targets
        self.at: Place = ()

    def enters(self, place: Place) -> bool:
        return any(target.found.folder.level.place[: len(place)] == place for target in self._targets)

    def begins(self, place: Place) -> None:
        self.at = place

    def refuses(self, place: Place, path: str, text: str) -> None:  # noqa: ARG002 - as every visitor has it
        if any(target.found.folder.level.place == place for target in self._targets):
            raise Fault(text, fatal=True)

    def ends(self, place: Place, size: int, md5: str, damage: str) -> None:  # noqa: ARG002 - as every visitor has it
        if damage and self.enters(place):
            self.at = place
            raise Fault(damage, fatal=True)
        self.at = place[:-1]

    def member(self, place: Place, path: str, member: Member) -> None:
        owners = [(target, inner) for target in self._targets if (inner := target.below(place, path))]
        for number, (target, inner) in enumerate(owners):
            if number and member.kind == "file":
                # A package inside another one: its bytes were read for the outer one.
                shutil.copy(owners[0][0].made[path], _made(target.folder, inner))
                target.made[path] = target.folder / inner
            else:
                _write(target, path, inner, member)
            target.count += 1


def _write(target: _Target, path: str, inner: str, member: Member) -> None:
    place = _made(target.folder, inner)
    if member.kind == "directory":
        place.mkdir(exist_ok=True)
    elif member.kind == "link":
        if leaves(inner, member.target):
            raise Fault(f"{path!r} is a link that leads out of the package {target.found.title}", fatal=True)
        place.symlink_to(member.target)
    elif member.kind == "same":
        other = target.made.get(path_of(member.target))
        if other is None:
            raise Fault(f"{path!r} is another name of {member.target[:200]!r}, which is not in the package", fatal=True)
        shutil.copy(other, place)
        target.made[path] = place
    else:
        with place.open("xb") as file:
            shutil.copyfileobj(cast("IO[bytes]", member.content), file, CHUNK)
        if place.stat().st_size != member.size:
            raise Fault(f"{path!r} has another size than the archive says", fatal=True)
        place.chmod(0o755 if member.mode & stat.S_IXUSR else 0o644)
        target.made[path] = place


def _made(folder: Path, inner: str) -> Path:
    """Where it goes; the directories on the way are there. No link is on it: `Walk` refuses members below links."""
    place = folder / inner
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
