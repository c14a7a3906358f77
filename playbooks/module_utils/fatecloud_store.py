"""Where a node's store has what a release needs, and whether it is whole and unchanged. Python 3.8, stdlib."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os

from ansible.module_utils import fatecloud_watched as watched
from ansible.module_utils.fatecloud_listing import entries
from ansible.module_utils.fatecloud_node import replace
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import Refused
from ansible.module_utils.fatecloud_trust import read

ID_LENGTH = 16
PROGRAMS = 512 << 20
"""Bytes of the largest artifact whose content root executes."""


def artifact_path(base: str, artifact: dict) -> str:
    """Path of an artifact."""
    return os.path.join(base, STORE, "artifacts", artifact["sha256"], artifact["filename"])


def part_path(base: str, kind: str, digest: str) -> str:
    """What was made of artifacts, or is to be: `kind` is the directory of the store that it is in."""
    return os.path.join(base, STORE, kind, digest[:ID_LENGTH])


def listed(path: str) -> str:
    """Digest of a directory's entries, without their content; see `listing.entries`."""
    lines = "".join(entries(path))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def shared_path(base: str, digest: str) -> str:
    """The shared environment that has a digest."""
    return part_path(base, "venv", digest)


def interpreter_path(base: str, sha256: str) -> str:
    """An unpacked interpreter, by the hash of its archive."""
    return part_path(base, "python", sha256)


def complete(path: str) -> str | None:
    """What the marker of a directory says; None when there is none.

    Raises:
        Refused: others could have written it, or what it marks.
    """
    try:
        data = read(os.path.join(path, ".complete"))
    except NotADirectoryError:
        return None
    return None if data is None else data.decode(errors="replace")


def intact(path: str) -> bool:
    """Whether an environment, or a view of a tree, was finished and is as it was made; see `fatecloud_watched`."""
    if complete(path) is None:
        return False
    data = read(os.path.join(path, watched.RECORD))
    try:
        # An earlier version of fatecloud kept no record.
        return data is None or not watched.changed(path, data.decode(errors="replace"))
    except ValueError:
        return False


def watch(path: str, free: tuple = (), *, every: bool = False) -> None:
    """Write down how an environment, or a view of a tree, is.

    Args:
        free: paths below it that are replaced later.
        every: whether all of its directories are watched, and not only those that matter.
    """
    replace(os.path.join(path, watched.RECORD), watched.record(path, free, every=every).encode(), 0o644)


def opened(base: str, artifact: dict) -> io.BytesIO:
    """The content of an artifact, after its hash was compared: what is read is what was hashed.

    Raises:
        Refused: it is not there, or is damaged; then it is removed, so that a deploy ships it again.
    """
    path = artifact_path(base, artifact)
    data = read(path, PROGRAMS)
    if data is None:
        raise Refused(f"{path} is not there; a deploy ships it")
    if hashlib.sha256(data).hexdigest() != artifact["sha256"]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        raise Refused(f"{path} was damaged, and is removed; the next deploy ships it again")
    return io.BytesIO(data)
