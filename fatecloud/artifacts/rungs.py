"""The sources of an interpreter: installed programs, uv's download site, a package registry, an operator's file."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import uv

from fatecloud.artifacts.maven import copy
from fatecloud.artifacts.store import sha256_of
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError, ClientMissing, HashMismatch
from fatecloud.model.python import RegistryInterpreter
from fatecloud.whoami import home

DOWNLOAD_DEADLINE = 300
"""Seconds for one interpreter of 20 to 40 MB."""


def installed(minor: str) -> Iterator[Path]:
    """Programs on this machine that may be an interpreter of a series: PATH, pyenv's and uv's versions."""
    program = f"python{minor}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder).absolute() / program
    pyenv = Path(os.environ.get("PYENV_ROOT") or home() / ".pyenv")
    data = Path(os.environ.get("XDG_DATA_HOME") or home() / ".local" / "share")
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield from sorted((pyenv / "versions").glob(f"{minor}*/bin/{program}"), reverse=True)
    yield from sorted(managed.glob(f"cpython-{minor}*/bin/{program}"), reverse=True)


def download(minor: str, folder: Path) -> Path | None:
    """Let uv download an interpreter; None if its site cannot be reached. One quick attempt."""
    quick = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "5"}
    argv = [uv.find_uv_bin(), "python", "install", minor, "--install-dir", str(folder), "--no-bin", "--no-progress"]
    try:
        subprocess.run(argv, check=True, capture_output=True, timeout=DOWNLOAD_DEADLINE, env={**quick, **os.environ})
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(sorted(folder.glob(f"cpython-{minor}*/bin/python{minor}"))), None)


def from_registry(wanted: RegistryInterpreter, minor: str, folder: Path) -> Path:
    """Fetch an interpreter from Maven's registry with its own client, whose mirrors and proxies apply.

    Returns:
        The unpacked program.

    Raises:
        ClientMissing: Maven is not installed.
        ArtifactError: Maven failed; with Maven's own message.
        HashMismatch: the file does not have the hash in the catalogue.
    """
    archive = folder / wanted.artifact.filename
    try:
        copy({archive.name: wanted.coordinates}, folder)
    except ClientMissing as error:
        # Maven is only the last of the ways to an interpreter: the message is about what is really missing.
        raise ClientMissing(
            f"no CPython {minor} on this machine, and Maven, which could fetch one, is not installed",
            package=error.package,
            remedy="install maven (Debian: apt-get install maven) and fetch again, or `fatecloud release import` a "
            f"tarball with CPython {minor}",
        ) from error
    got = sha256_of(archive)
    if got != wanted.artifact.sha256:
        raise HashMismatch(f"{archive.name}: expected SHA-256 {wanted.artifact.sha256}, got {got}")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    root = folder / wanted.root
    for library in sorted(root.glob("lib*.so*")):
        if not library.name.startswith("libjni"):
            library.rename(root / "lib" / library.name)
    program = root / "bin" / f"python{minor}"
    program.chmod(0o755)
    return program


def in_tarball(tarball: Path, minor: str, folder: Path) -> Path:
    """Unpack an operator's tarball and find the interpreter in it.

    Raises:
        ArtifactError: it cannot be unpacked, or has no such interpreter.
    """
    unpack(tarball, folder)
    found = sorted(folder.rglob(f"bin/python{minor}"), key=lambda path: len(path.parts))
    if not found:
        raise ArtifactError(f"{tarball} has no bin/python{minor}")
    return found[0]
