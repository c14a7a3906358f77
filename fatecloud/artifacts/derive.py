"""Builds wheels from the few dependencies that exist only as sdists: once, on the controller, and reproducibly."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import uv

from fatecloud.artifacts.download import download_sdists
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError
from fatecloud.model.release import Artifact, Release

_EPOCH = (1980, 1, 1, 0, 0, 0)


def derive_wheels(
    release: Release, interpreter: Interpreter, sdists: Sequence[Artifact], store: Store, progress: Progress
) -> tuple[Artifact, ...]:
    """Wheels for sdists; wheels that were built before are taken from the store.

    Args:
        release: defines the builder and the build environment.
        interpreter: the stored interpreter that builds them.
        sdists: locked; fetched if they are not in the store.
        store: has the builder's wheel already; gets the sdists and the wheels.
        progress: is informed about each wheel.

    Raises:
        ArtifactError: an sdist cannot be fetched or built; with its name and the last lines of the output.
    """
    todo = [sdist for sdist in sdists if _known(release, sdist, store) is None]
    if todo:
        with store.workspace() as scratch:
            progress.working("preparing to build wheels")
            python = _build_environment(release, interpreter, store, scratch)
            # Neither the interpreter nor pip has bytecode here. Without a directory for it each process would compile
            # everything again.
            environment = {**os.environ, **release.python.build_environment}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            environment["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
            missing = [sdist for sdist in todo if not store.has(sdist.sha256)]
            if missing:
                progress.working(f"fetching the source of {len(missing)} wheels that have to be built")
                download_sdists(missing, python, environment, store, progress)
            for number, sdist in enumerate(todo, 1):
                progress.working(f"building wheel {number} of {len(todo)}: {sdist.name.partition('==')[0]}")
                _build(release, sdist, python, environment, store, scratch)
            progress.working("")
    built = {sdist.name: _known(release, sdist, store) for sdist in sdists}
    for sdist in todo:
        progress.done(built[sdist.name] or sdist)
    return tuple(wheel for wheel in built.values() if wheel)


def _record(release: Release, sdist: Artifact, store: Store) -> Path:
    """File that names the wheel of an sdist. Its name has the hashes of sdist and builder and the Python series."""
    builder = _builder(release)
    folder = store.root / "derived"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{sdist.sha256}-{builder.sha256[:16]}-{release.python.minor}"


def _builder(release: Release) -> Artifact:
    return next(a for a in release.python.lock if a.name.partition("==")[0] == release.python.builder)


def _known(release: Release, sdist: Artifact, store: Store) -> Artifact | None:
    try:
        sha256, filename = _record(release, sdist, store).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    if not store.has(sha256):
        return None
    return Artifact(sdist.name, filename, sha256, store.path(sha256).stat().st_size, "wheel")


def _build_environment(release: Release, interpreter: Interpreter, store: Store, scratch: Path) -> Path:
    unpack(store.path(interpreter.artifact.sha256), scratch / "python")
    base, target = scratch / "python" / "bin" / f"python{release.python.minor}", scratch / "build"
    python = target / "bin" / "python"
    making = [*_uv(scratch), "venv", "--no-python-downloads", "--python", str(base), str(target)]
    _run(making, "making a build environment")
    builder = store.path(_builder(release).sha256)
    _run(
        [*_uv(scratch), "pip", "install", "--no-deps", "--python", str(python), str(builder)], "installing the builder"
    )
    return python


def _uv(scratch: Path) -> list[str]:
    return [uv.find_uv_bin(), "--quiet", "--no-config", "--offline", "--cache-dir", str(scratch / "cache")]


def _build(
    release: Release,
    sdist: Artifact,
    python: Path,
    environment: dict[str, str],
    store: Store,
    scratch: Path,
) -> None:
    out = scratch / "built"
    common = [*_uv(scratch), "build", "--wheel", "--no-build-isolation", "--python", str(python), "--out-dir", str(out)]
    _run([*common, str(store.path(sdist.sha256))], f"building {sdist.name} from {sdist.filename}", environment)
    project, _, version = sdist.name.partition("==")
    built = next(iter(out.glob(f"{project.replace('-', '_')}-{version}-*.whl")), None)
    if built is None or not built.name.endswith("-none-any.whl"):
        raise ArtifactError(f"building {sdist.name}: {built} is not a wheel for every node")
    normal = _normalise(built, scratch / "normal")
    sha256 = sha256_of(normal)
    kept = store.take(normal, sha256)
    _record(release, sdist, store).write_text(f"{sha256} {kept.name}\n", encoding="utf-8")


def _normalise(wheel: Path, folder: Path) -> Path:
    """The same wheel with fixed dates and order and without compression, which differ between machines."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(folder / wheel.name, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read(name))
    return folder / wheel.name


def _run(argv: list[str], doing: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-5:]
        raise ArtifactError(f"{doing}: " + " | ".join(last))
