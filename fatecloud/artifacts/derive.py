"""Builds wheels from the few dependencies that exist only as sdists: once, on the controller, and reproducibly."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import metadata
from pathlib import Path

import uv

from fatecloud.artifacts.download import download_sdists
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SAME = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    # Else the order of sets could differ in generated files.
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",
}
"""The environment of every build; the epoch is that of zip files."""


def derive_wheels(
    python: PythonRequirement, interpreter: Interpreter, sdists: Sequence[Artifact], store: Store, progress: Progress
) -> None:
    """Build wheels from sdists, each with exactly the bytes that the catalogue names.

    Args:
        python: defines the builders, the build environment and the wheels.
        interpreter: the stored interpreter that builds them.
        sdists: locked; fetched if they are not in the store.
        store: has the builders' wheels already; gets the sdists and the wheels.
        progress: is informed about each wheel.

    Raises:
        ArtifactError: an sdist cannot be fetched or built; with its name and the last lines of the output.
        HashMismatch: a wheel has other bytes than the catalogue names.
    """
    if not sdists:
        return
    with store.workspace() as scratch:
        progress.working("preparing to build wheels")
        program = _build_environment(python, interpreter, store, scratch)
        # Neither the interpreter nor pip has bytecode here. Without a directory for it each process would compile
        # everything again.
        bytecode = {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}
        environment = {**os.environ, **python.build_environment, **bytecode}
        # An operator's setting, with which each of the many processes of pip would compile its modules again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        missing = [sdist for sdist in sdists if not store.holds(sdist)]
        if missing:
            progress.working(f"fetching the source of {len(missing)} wheels that have to be built")
            reader = program if _pip_runs_in(python.minor) else _own_environment(python, store, scratch)
            download_sdists(missing, reader, environment, store, progress)
        for number, sdist in enumerate(sdists, 1):
            progress.working(f"building wheel {number} of {len(sdists)}: {sdist.name.partition('==')[0]}")
            _build(python, sdist, program, bytecode, store, scratch)
        progress.working("")
    for sdist in sdists:
        progress.done(python.made[sdist.name])


def _builders(python: PythonRequirement) -> list[Artifact]:
    return [a for a in python.lock if a.name.partition("==")[0] in python.builders]


def _build_environment(python: PythonRequirement, interpreter: Interpreter, store: Store, scratch: Path) -> Path:
    unpack(store.verified(interpreter.artifact), scratch / "python")
    return _environment(python, scratch / "python" / "bin" / f"python{python.minor}", "build", store, scratch)


def _own_environment(python: PythonRequirement, store: Store, scratch: Path) -> Path:
    """The same with the controller's own interpreter, in which pip reads what an sdist says of itself."""
    return _environment(python, Path(sys.executable), "read", store, scratch)


def _environment(python: PythonRequirement, base: Path, name: str, store: Store, scratch: Path) -> Path:
    program = scratch / name / "bin" / "python"
    making = [*_uv(scratch), "venv", "--no-python-downloads", "--python", str(base), str(scratch / name)]
    _run(making, "making a build environment")
    builders = [str(store.verified(wheel)) for wheel in _builders(python)]
    _run([*_uv(scratch), "pip", "install", "--no-deps", "--python", str(program), *builders], "installing the builder")
    return program


def _pip_runs_in(minor: str) -> bool:
    """Whether the controller's pip runs in a Python: it leaves old ones behind long before FATE does."""
    oldest = metadata("pip")["Requires-Python"].removeprefix(">=")
    return _numbers(minor) >= _numbers(oldest)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _uv(scratch: Path) -> list[str]:
    return [uv.find_uv_bin(), "--quiet", "--no-config", "--offline", "--cache-dir", str(scratch / "cache")]


def _build(
    python: PythonRequirement, sdist: Artifact, program: Path, bytecode: dict[str, str], store: Store, scratch: Path
) -> None:
    made = python.made[sdist.name]
    out = scratch / "built"
    common = [*_uv(scratch), "build", "--wheel", "--no-build-isolation"]
    common += ["--python", str(program), "--out-dir", str(out)]
    # Nothing of the operator's environment: a variable for a compiler or for setuptools could change the wheel.
    environment = {**_SAME, "HOME": str(scratch), **python.build_environment, **bytecode}
    _run([*common, str(store.verified(sdist))], f"building {sdist.name} from {sdist.filename}", environment)
    built = out / made.filename
    if not built.exists():
        found = ", ".join(sorted(wheel.name for wheel in out.glob("*.whl"))) or "nothing"
        raise ArtifactError(f"building {sdist.name}: expected {made.filename}, got {found}")
    take_made(_normalise(built, scratch / "normal"), made, store)


def take_made(file: Path, made: Artifact, store: Store) -> None:
    """Store a wheel that was made here. Raises HashMismatch: it has other bytes than the catalogue names."""
    try:
        store.take(file, made)
    except HashMismatch as error:
        raise HashMismatch(
            f"made here of {made.name}: {error.message}",
            remedy="make it on another machine, and bring it here with fatecloud release bundle and release import",
        ) from None


def _normalise(wheel: Path, folder: Path) -> Path:
    """The same wheel with fixed dates and order and without compression, which differ between machines."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(folder / wheel.name, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            # The builder's umask would be in the wheel.
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read(name))
    return folder / wheel.name


def _run(argv: list[str], doing: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-5:]
        raise ArtifactError(f"{doing}: " + " | ".join(last))
