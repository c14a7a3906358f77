"""FATE 1.11.4 and 1.4.5 as the tests deploy them: upstream's archives, or those of fixtures that answer alike.

No registry has the real ones. FATECLOUD_PACKAGES names a directory with a directory for each release, `fate-1.11.4`,
which has them and `python`, a CPython 3.8, and `fate-1.4.5` with a CPython 3.6. Without it they are made of
`tests/fixtures/jvm` and `tests/fixtures/flow`, and then the releases have another environment: that of fate-2.2.0,
which the tests' nodes have already. A machine without upstream's archives need not have an old CPython, nor fetch the
two hundred wheels that the fixtures do not import. All else of a release is the catalogue's. The program learns of it
in its own process:

    python tests/shared/rollsite_packages.py PLACE check -i inventory.yml
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from eggroll_packages import EGGROLL as OTHER_EGGROLL
from eggroll_packages import OF_SERVING, libraries_in, tree_files, write_archive
from jvm import BASE, SOURCES, alone, built, digest_of, pack

from fatecloud import catalogue
from fatecloud.artifacts import index
from fatecloud.artifacts.store import Store

RELEASE, OLDEST, LENDER = "fate-1.11.4", "fate-1.4.5", "fate-2.2.0"
EGGROLL = {RELEASE: "2.5.3", OLDEST: "2.0.2"}
FLOW = SOURCES.parent / "flow"
_REAL = os.environ.get("FATECLOUD_PACKAGES", "")
PACKAGES, OLDEST_PACKAGES = (Path(_REAL, name) if _REAL else None for name in (RELEASE, OLDEST))
"""The directories of upstream's; None for the fixtures."""
_OF_OTHERS = ("mariadb-*", "HikariCP-*")
"""Libraries that EggRoll 2 does not have, by their names."""
_PYTHON, _SCRIPTS = "python/eggroll", "bin/roll_pair"
_EGG = {"egg_pair": f"{_PYTHON}/computing/egg_pair/egg_pair.py", "roll_pair": f"{_PYTHON}/roll_pair/egg_pair.py"}
_MASTER = f"{_SCRIPTS}/roll_pair_master_bootstrap.sh"


@cache
def archives(release: str = RELEASE) -> tuple[Path, ...]:
    """All archives of a release, as upstream calls them."""
    packages = OLDEST_PACKAGES if release == OLDEST else PACKAGES
    if packages:
        return tuple(sorted(packages.glob("*.tar.gz")))
    sources = (SOURCES / "eggroll", SOURCES / "eggroll_2", FLOW)
    place = built() / f"{release}-{digest_of(*sources, Path(__file__))}"
    names = ("eggroll.tar.gz", "python.tar.gz" if release == OLDEST else "fate.tar.gz")
    with alone():
        if not place.is_dir():
            part = built() / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            flow = _fate_1_4(part) if release == OLDEST else tree_files(FLOW, "")
            for name, files in zip(names, (_eggroll(part / "jars", release), flow), strict=True):
                write_archive(part / name, dict(files))
            part.rename(place)
    return tuple(place / name for name in names)


def _eggroll(place: Path, release: str) -> Iterator[tuple[str, Path]]:
    """Names in the archive, and files: the scripts are those of EggRoll 3, its egg lies elsewhere."""
    version, oldest = EGGROLL[release], release == OLDEST
    yield from tree_files(SOURCES / "eggroll_2", "")
    for name, path in tree_files(SOURCES / "eggroll", ""):
        if name == _EGG["egg_pair"]:
            yield _EGG["roll_pair"], path
        elif name == f"{_PYTHON}/__init__.py":
            # That of 2.0 does not say its version.
            code = "" if oldest else path.read_text().replace(OTHER_EGGROLL, version)
            yield name, _written(place / "__init__.py", code)
        elif name.split("/")[0] in ("bin", "deploy"):
            yield name, path
            if oldest and name == f"{_SCRIPTS}/egg_pair_bootstrap.sh":
                yield _MASTER, path
    yield "BUILD_INFO", _written(place / "BUILD_INFO", f"eggroll.version={version}\n")
    yield from libraries_in("lib", _OF_OTHERS + OF_SERVING)
    for artifact, packages in (
        ("eggroll-core", (BASE, "fixture/eggroll", "com/webank/eggroll/core")),
        ("eggroll-roll-pair", ("com/webank/eggroll/rollpair",) if oldest else ()),
        ("eggroll-roll-site", ("fixture/rollsite", "fixture/osx/proxy", "com/webank/eggroll/rollsite")),
    ):
        jar = f"{artifact}-{version}.jar"
        yield f"lib/{jar}", pack(place / jar, packages, version, pom=("com.webank.eggroll", artifact))


def _fate_1_4(place: Path) -> Iterator[tuple[str, Path]]:
    """The same for FATE 1.4, of which flow is a part: one directory has all."""
    yield from tree_files(FLOW / "fateflow" / "python", "python/")
    for name, path in tree_files(FLOW / "fate" / "python", "python/"):
        # What later is `fate_arch`.
        yield name.replace("fate_arch", "arch/api"), path
    yield "python/arch/__init__.py", _written(place / "jars" / "empty", "")
    env = (FLOW / "fate.env").read_text().replace(RELEASE.removeprefix("fate-"), OLDEST.removeprefix("fate-"))
    yield "python/fate.env", _written(place / "jars" / "fate.env", env)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def lend(place: Path, release: str = RELEASE) -> tuple[str, ...]:
    """Lay out a catalogue in which a release has the lender's environment; the words that start the program with it.

    Args:
        place: an empty directory.
        release: its name.
    """
    own, lender = (yaml.safe_load(_shipped(f"{name}.yaml").read_text()) for name in (release, LENDER))
    own["pythons"] = lender["pythons"]
    (place / f"{release}.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    for name in own["pythons"]:
        (place / f"{release}.{name}.lock.txt").write_text(_shipped(f"{LENDER}.{name}.lock.txt").read_text())
    return (sys.executable, __file__, str(place))


def lend_interpreter(store: Path, release: str = RELEASE) -> None:
    """Put the lender's interpreter on record for a release, in a store that has the lender."""
    for python in catalogue.load(LENDER).pythons.values():
        kept = index.read_interpreter(python, Store(store))
        assert kept is not None
        index.write_interpreter(dataclasses.replace(python, release=release), Store(store), kept)


def _shipped(name: str) -> Path:
    return Path(catalogue.__path__[-1], name)


if __name__ == "__main__":
    from fatecloud.cli.main import main

    # Before the one that ships, whose release of that name it replaces.
    catalogue.__path__.insert(0, sys.argv.pop(1))
    main()
