"""FATE 1.11.4 as the tests deploy it: upstream's archives, or those of fixtures that answer alike.

No registry has the real ones. FATECLOUD_PACKAGES names a directory with a directory `fate-1.11.4`, which has them and
`python`, a CPython 3.8. Without it they are made of `tests/fixtures/jvm` and `tests/fixtures/flow`, and then the
release has another environment: that of fate-2.2.0, which the tests' nodes have already. A machine without upstream's
archives need not have a CPython 3.8, nor fetch the two hundred wheels that the fixtures do not import. All else of the
release is the catalogue's. The program learns of it in its own process:

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

RELEASE, LENDER = "fate-1.11.4", "fate-2.2.0"
EGGROLL = "2.5.3"
FLOW = SOURCES.parent / "flow"
PACKAGES = Path(os.environ["FATECLOUD_PACKAGES"], RELEASE) if os.environ.get("FATECLOUD_PACKAGES") else None
"""The directory of upstream's; None for the fixtures."""
ARCHIVES = ("eggroll.tar.gz", "fate.tar.gz")
_OF_OTHERS = ("mariadb-*", "HikariCP-*")
"""Libraries that EggRoll 2 does not have, by their names."""
_PYTHON = "python/eggroll"
_EGG = {"egg_pair": f"{_PYTHON}/computing/egg_pair/egg_pair.py", "roll_pair": f"{_PYTHON}/roll_pair/egg_pair.py"}


@cache
def archives() -> tuple[Path, ...]:
    """All archives, as upstream calls them."""
    if PACKAGES:
        return tuple(sorted(PACKAGES.glob("*.tar.gz")))
    sources = (SOURCES / "eggroll", SOURCES / "eggroll_2", FLOW)
    place = built() / f"fate-1-{digest_of(*sources, Path(__file__))}"
    with alone():
        if not place.is_dir():
            part = built() / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name, files in zip(ARCHIVES, (_eggroll(part / "jars"), tree_files(FLOW, "")), strict=True):
                write_archive(part / name, dict(files))
            part.rename(place)
    return tuple(place / name for name in ARCHIVES)


def _eggroll(place: Path) -> Iterator[tuple[str, Path]]:
    """Names in the archive, and files: the scripts are those of EggRoll 3, its egg lies elsewhere."""
    yield from tree_files(SOURCES / "eggroll_2", "")
    for name, path in tree_files(SOURCES / "eggroll", ""):
        if name == _EGG["egg_pair"]:
            yield _EGG["roll_pair"], path
        elif name == f"{_PYTHON}/__init__.py":
            code = place / "__init__.py"
            code.parent.mkdir(parents=True, exist_ok=True)
            code.write_text(path.read_text().replace(OTHER_EGGROLL, EGGROLL))
            yield name, code
        elif name.split("/")[0] in ("bin", "deploy"):
            yield name, path
    yield from libraries_in("lib", _OF_OTHERS + OF_SERVING)
    for artifact, packages in (
        ("eggroll-core", (BASE, "fixture/eggroll", "com/webank/eggroll/core")),
        ("eggroll-roll-pair", ()),
        ("eggroll-roll-site", ("fixture/rollsite", "fixture/osx/proxy", "com/webank/eggroll/rollsite")),
    ):
        jar = f"{artifact}-{EGGROLL}.jar"
        yield f"lib/{jar}", pack(place / jar, packages, EGGROLL, pom=("com.webank.eggroll", artifact))


def lend(place: Path) -> tuple[str, ...]:
    """Lay out a catalogue in which the release has the lender's environment; the words that start the program with it.

    Args:
        place: an empty directory.
    """
    own, lender = (yaml.safe_load(_shipped(f"{name}.yaml").read_text()) for name in (RELEASE, LENDER))
    own["pythons"] = lender["pythons"]
    (place / f"{RELEASE}.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    for name in own["pythons"]:
        (place / f"{RELEASE}.{name}.lock.txt").write_text(_shipped(f"{LENDER}.{name}.lock.txt").read_text())
    return (sys.executable, __file__, str(place))


def lend_interpreter(store: Path) -> None:
    """Put the lender's interpreter on record for the release, in a store that has the lender."""
    for python in catalogue.load(LENDER).pythons.values():
        kept = index.read_interpreter(python, Store(store))
        assert kept is not None
        index.write_interpreter(dataclasses.replace(python, release=RELEASE), Store(store), kept)


def _shipped(name: str) -> Path:
    return Path(catalogue.__path__[-1], name)


if __name__ == "__main__":
    from fatecloud.cli.main import main

    # Before the one that ships, whose release of that name it replaces.
    catalogue.__path__.insert(0, sys.argv.pop(1))
    main()
