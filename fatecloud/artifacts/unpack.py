"""Unpacks tarballs with the system's tar, which refuses members outside the directory (Python only since 3.11.4)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fatecloud.errors import ArtifactError


def unpack(tarball: Path, folder: Path) -> None:
    """Unpack a tarball, compressed or not, into a new directory.

    Raises:
        ArtifactError: tar failed; with the first line of its message.
    """
    folder.mkdir(parents=True)
    argv = ["tar", "--extract", "--no-same-owner", "--file", str(tarball), "--directory", str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ArtifactError(f"{tarball} cannot be unpacked: {error}") from error
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines() or ["no message"]
        raise ArtifactError(f"{tarball} cannot be unpacked: {errors[0]}")
