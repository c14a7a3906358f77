"""The archives of EggRoll and OSX that the tests deploy: upstream's, or those of fixtures that answer alike.

No registry has the real ones. FATECLOUD_PACKAGES names a directory with `eggroll.tar.gz`, `osx.tar.gz` and
`fateboard.tar.gz`; without it the first two are made of `tests/fixtures/jvm`. A fixture does what fatecloud asks of a
running cluster, and no job: there is nothing behind an egg.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jvm import BASE, SOURCES, alone, built, digest_of, pack

REAL = os.environ.get("FATECLOUD_PACKAGES", "")
"""The directory; empty for the fixtures."""
EGGROLL, OSX = "3.2.0", "1.1.0"
ARCHIVES, BOARD = ("eggroll.tar.gz", "osx.tar.gz"), "fateboard.tar.gz"
_OF_TALLY, _OF_EGGROLL = ("mariadb-*", "commons-*", "log4j-*"), ("mysql-*", "HikariCP-*")
"""Libraries, by their names: two drivers for one database would be in each other's way."""
OF_SERVING = ("curator-*", "zookeeper-*", "netty-*", "audience-*")
"""What speaks to ZooKeeper, which neither of these does."""


@cache
def archives() -> tuple[Path, ...]:
    """All archives, as upstream calls them."""
    if REAL:
        return tuple(Path(REAL, name) for name in (*ARCHIVES, BOARD))
    place = built() / f"packages-{digest_of(SOURCES / 'eggroll', SOURCES / 'osx', Path(__file__))}"
    with alone():
        if not place.is_dir():
            part = built() / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name, files in zip(ARCHIVES, (_eggroll(part / "jars"), _osx(part / "jars")), strict=True):
                write_archive(part / name, dict(files))
            part.rename(place)
    return tuple(place / name for name in ARCHIVES)


def _eggroll(place: Path) -> Iterator[tuple[str, Path]]:
    """Names in the archive, and files."""
    yield from tree_files(SOURCES / "eggroll", "")
    yield from libraries_in("lib", _OF_TALLY + OF_SERVING)
    for artifact, packages in (
        ("core", (BASE, "fixture/eggroll")),
        ("cluster_manager", ("org/fedai/eggroll/clustermanager",)),
        ("node_manager", ("org/fedai/eggroll/nodemanager",)),
    ):
        jar = f"{artifact}-{EGGROLL}.jar"
        yield f"lib/{jar}", pack(place / jar, packages, EGGROLL, pom=("org.fedai.eggroll", artifact))


def _osx(place: Path) -> Iterator[tuple[str, Path]]:
    yield from tree_files(SOURCES / "osx", "osx/")
    yield from libraries_in("osx/lib", _OF_TALLY + _OF_EGGROLL + OF_SERVING)
    for artifact, directory, packages in (
        ("osx-core", "lib", (BASE,)),
        ("osx-broker", "lib", ("org/fedai/osx", "fixture/osx")),
        ("osx-pb-v2", "pb_lib/v2", ()),
        ("osx-pb-v3", "pb_lib/v3", ()),
    ):
        jar = f"{artifact}-{OSX}.jar"
        yield f"osx/{directory}/{jar}", pack(place / jar, packages, OSX, pom=("osx", artifact))


def tree_files(root: Path, top: str) -> Iterator[tuple[str, Path]]:
    """Names in an archive, which begin with `top`, and the files of a directory."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{top}{path.relative_to(root)}", path


def libraries_in(directory: str, without: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """What services on a JVM need, below a directory of an archive, without some of it."""
    for path in sorted((built() / "lib").glob("*.jar")):
        if not any(path.match(name) for name in without):
            yield f"{directory}/{path.name}", path


def write_archive(target: Path, files: dict[str, Path]) -> None:
    """An archive of these files, by their names in it. All are root's."""
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for name, path in sorted(files.items()):
            entry = archive.gettarinfo(path, name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            with path.open("rb") as file:
                archive.addfile(entry, file)
