"""Unpacks tarballs with the system's tar, which refuses members outside the directory (Python only since 3.11.4)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fatecloud.errors import ArtifactError

MOST_FILES = 50_000
MOST_BYTES = 2 << 30
"""Limits of what one tarball unpacks to. A CPython with everything has 10,000 files and 300 MB."""
_LISTED = re.compile(rb"(?P<type>.)\S* +\S+ +(?P<size>[\d,]+) ")
_KINDS = b"-dlh"
"""Files, directories, links, hard links: not devices or pipes."""
_LINE = 16384


def unpack(tarball: Path, folder: Path) -> None:
    """Unpack a tarball, compressed or not, into a new directory.

    Raises:
        ArtifactError: tar failed, with the first line of its message; or the tarball has more or larger files than
            any interpreter, devices, or links that lead out of the directory.
    """
    _require_bounded(tarball)
    folder.mkdir(parents=True)
    argv = ["tar", "--extract", "--no-same-owner", "--file", str(tarball), "--directory", str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ArtifactError(f"{tarball} cannot be unpacked: {error}") from error
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines() or ["no message"]
        raise ArtifactError(f"{tarball} cannot be unpacked: {errors[0]}")
    inside = folder.resolve()
    for path in folder.rglob("*"):
        # What is packed from here follows links: one to a file of this machine would take that file along.
        if path.is_symlink() and not _target(path).is_relative_to(inside):
            raise ArtifactError(f"{tarball} has a link that leads out of it: {str(path.relative_to(folder))!r}")


def names_in(tarball: Path) -> Iterator[str]:
    """The names in a tarball, no more than `MOST_FILES`; empty if it is not a tarball."""
    argv = ["tar", "--list", "--quoting-style=escape", "--file", str(tarball)]
    try:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as listing:
            for _ in range(MOST_FILES):
                line = listing.stdout.readline(_LINE) if listing.stdout else b""
                if not line:
                    return
                yield line.decode(errors="replace").rstrip("\n")
            listing.kill()
    except OSError as error:
        raise ArtifactError(f"{tarball} cannot be unpacked: {error}") from error


def _target(link: Path) -> Path:
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # a circle
        return Path("/")


def _require_bounded(tarball: Path) -> None:
    """List a tarball before it is unpacked: reading it fills neither a disk nor memory."""
    argv = ["tar", "--list", "--verbose", "--numeric-owner", "--quoting-style=escape", "--file", str(tarball)]
    count = size = 0
    try:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as listing:
            while line := listing.stdout.readline(_LINE) if listing.stdout else b"":
                match = _LISTED.match(line)
                count, size = count + 1, size + (int(match["size"]) if match and match["size"].isdigit() else 0)
                if match and match["type"] not in _KINDS:
                    problem = "has devices or pipes in it"
                elif count > MOST_FILES or size > MOST_BYTES:
                    problem = f"has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB in it"
                else:
                    continue
                listing.kill()
                raise ArtifactError(f"{tarball} {problem}, so it is not one with an interpreter or a JVM")
    except OSError as error:
        raise ArtifactError(f"{tarball} cannot be unpacked: {error}") from error
