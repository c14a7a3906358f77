"""Builds the services of `tests/fixtures/jvm` with Maven, outside of the checkout, and keeps them for the next time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "fixtures" / "jvm"
BASE = "fixture/base"
"""Classes that all services use."""
_TIME = (2026, 1, 1, 0, 0, 0)
"""Of each entry of a jar: the same classes are the same bytes."""


@cache
def built() -> Path:
    """A directory with `classes` of all services, and `lib` with what they need to run."""
    kept = _caches() / f"jvm-{digest_of(SOURCES / 'pom.xml', SOURCES / 'src')}"
    with alone():
        if not kept.is_dir():
            part = kept.with_name("part")
            shutil.rmtree(part, ignore_errors=True)
            argv = ["mvn", "-B", "-q", f"-Dout={part}", "process-classes"]
            done = subprocess.run(argv, cwd=SOURCES, capture_output=True, text=True, check=False, timeout=600)
            assert done.returncode == 0, f"Maven could not build the fixtures:\n{done.stdout}\n{done.stderr}"
            part.rename(kept)
    return kept


def digest_of(*paths: Path) -> str:
    """Of files, and of all files in directories."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*.*")) if path.is_dir() else [path]
        for file in (file for file in files if file.is_file() and "__pycache__" not in file.parts):
            digest.update(f"{file.relative_to(SOURCES.parents[1])}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def alone() -> Iterator[None]:
    """Keep other processes from making the same at the same time."""
    with (_caches() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _caches() -> Path:
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fatecloud" / "fixtures"
    path.mkdir(parents=True, exist_ok=True)
    return path


def pack(target: Path, packages: Iterable[str], version: str, *, pom: tuple[str, str] | None = None) -> Path:
    """Write a jar of some packages' classes.

    Args:
        target: where.
        packages: as directories: `fixture/base`.
        version: that its manifest has.
        pom: group and artifact, for what Maven writes into a jar; none without it.
    """
    classes = built() / "classes"
    files = sorted(file for package in packages for file in (classes / package).rglob("*.class"))
    entries = {str(file.relative_to(classes)): file.read_bytes() for file in files}
    entries["META-INF/MANIFEST.MF"] = f"Manifest-Version: 1.0\r\nImplementation-Version: {version}\r\n\r\n".encode()
    if pom:
        group, artifact = pom
        text = f"groupId={group}\nartifactId={artifact}\nversion={version}\n"
        entries[f"META-INF/maven/{group}/{artifact}/pom.properties"] = text.encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name, _TIME), data)
    return target


@cache
def libraries(version: str) -> Path:
    """A directory with the jar of a version of `tally`, and of all that it needs.

    Args:
        version: as `1.0.0`; its first digit is the generation.
    """
    kept = built() / f"tally-{version}"
    with alone():
        if not kept.is_dir():
            part = built() / "part"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(built() / "lib", part, copy_function=os.link)
            pack(part / f"tally-{version}.jar", (BASE, "fixture/tally"), version)
            part.rename(kept)
    return kept
