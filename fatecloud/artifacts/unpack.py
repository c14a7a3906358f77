"""Unpacks tarballs with the system's tar: it refuses members that climb out, also below Python 3.11.4."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fatecloud.errors import ArtifactError


def unpack(tarball: Path, folder: Path) -> None:
    """Unpack a tarball, compressed or not, into a directory that is made.

    Raises:
        ArtifactError: tar refused; its first line is passed on.
    """
    folder.mkdir(parents=True)
    argv = ["tar", "--extract", "--no-same-owner", "--file", str(tarball), "--directory", str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ArtifactError(f"{tarball} cannot be unpacked: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise ArtifactError(f"{tarball} cannot be unpacked: {said[0]}")
