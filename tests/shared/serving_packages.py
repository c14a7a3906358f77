"""The archives of FATE-Serving 2.1 that the tests deploy: upstream's, or those of fixtures that answer alike.

No registry has the real ones. FATECLOUD_PACKAGES names a directory with a directory `serving`, which has upstream's
zips; without it they are made of `tests/fixtures/jvm`, one source for all versions. A fixture's models are regressions.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from eggroll_packages import libraries_in, tree_files
from jvm import BASE, SOURCES, alone, built, digest_of, pack

REAL = Path(os.environ["FATECLOUD_PACKAGES"], "serving") if os.environ.get("FATECLOUD_PACKAGES") else None
"""The directory of upstream's; None for the fixtures."""
VERSIONS = {"server": ("2.1.6", "2.1.7"), "proxy": ("2.1.6", "2.1.7"), "admin": ("2.1.6",)}
"""By the part of Serving: 2.1.7 comes without an admin, and its release has the other one."""
_GROUP = "com.webank.ai.fate"
_CODE = ("fixture/serving", "com/webank/ai/fate/serving")
_ADAPTERS = ("com/webank/ai/fate/serving/adaptor",)
_OF_OTHERS = ("mariadb-*", "mysql-*", "HikariCP-*", "commons-*", "log4j-*")
"""Libraries that Serving does not have, by their names."""
_TIME = (2026, 1, 1, 0, 0, 0)
"""Of each entry: the same files are the same bytes."""


@cache
def archives() -> tuple[Path, ...]:
    """All archives, as upstream calls them; none where the directory of upstream's has none."""
    if REAL:
        return tuple(sorted(REAL.glob("*-2.1.*.zip")))
    place = built() / f"serving-{digest_of(SOURCES / 'serving', Path(__file__))}"
    with alone():
        if not place.is_dir():
            part = built() / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name, versions in VERSIONS.items():
                for version in versions:
                    target = part / f"fate-serving-{name}-{version}-release.zip"
                    _write(target, dict(_files(name, version, part / "jars")))
            shutil.rmtree(part / "jars")
            part.rename(place)
    return tuple(sorted(place.glob("*.zip")))


def _files(name: str, version: str, place: Path) -> Iterator[tuple[str, bytes]]:
    """Names in the archive, and contents."""
    artifact = f"fate-serving-{name}"
    script = (SOURCES / "serving" / "service.sh").read_text()
    yield "service.sh", script.replace("MODULE", f"serving-{name}").replace("VERSION", version).encode()
    yield "bin/common.sh", (SOURCES / "serving" / "bin" / "common.sh").read_bytes()
    jars = {
        f"{artifact}-{version}.jar": pack(place / "own.jar", _CODE, version, pom=(_GROUP, artifact)),
        f"lib/fate-serving-core-{version}.jar": pack(
            place / "core.jar", (BASE,), version, pom=(_GROUP, "fate-serving-core")
        ),
    }
    if name == "server":
        extension = "fate-serving-extension"
        own = pack(place / "extension.jar", _ADAPTERS, version, pom=(_GROUP, extension))
        jars[f"extension/{extension}-{version}.jar"] = own
    jars |= dict(libraries_in("lib", _OF_OTHERS))
    conf = dict(tree_files(SOURCES / "serving" / name, ""))
    for entry, path in (*jars.items(), *conf.items()):
        yield entry, path.read_bytes()


def _write(target: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(entry, data)
