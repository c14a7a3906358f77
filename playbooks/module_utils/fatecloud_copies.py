"""Copies of files that were changed by hand, kept beside them when a deploy replaces them. Python 3.8, stdlib.

The manifest's `copies` names each with the time at which it was made, so that a later run can remove it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time

from ansible.module_utils.fatecloud_node import Refused, replace

DAYS = 30
LIMIT = 16 << 20
"""Bytes. What we place is far smaller, and a copy passes through memory."""


def keep(manifest: object, path: str, run: str, mode: int, ids: tuple) -> str:
    """Keep what is at a path beside it, as `PATH.RUN.bak`.

    Args:
        mode: of the file that replaces it. The copy has it from its first byte, whatever the file itself has: it may
            hold the same secrets.
        ids: numeric owner and group of the file that replaces it.

    Raises:
        Refused: it is neither a regular file nor a link, or is too large.
    """
    copy = f"{path}.{run}.bak"
    if os.path.islink(path):
        # What it leads to is not ours, and stays where it is.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(copy)
        os.symlink(os.readlink(path), copy)
    else:
        replace(copy, _content(path), mode, *ids)
    manifest.data.setdefault("copies", {})[copy] = int(time.time())
    return copy


def _content(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{path} is not a regular file, so no copy of it is kept: move it away by hand")
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise Refused(f"{path} is larger than {LIMIT >> 20} MiB, so no copy of it is kept: move it away by hand")
    return data


def remove(manifest: object, days: float = DAYS) -> list:
    """Remove the copies that are older than this; returns their paths."""
    copies = manifest.data.get("copies", {})
    old = sorted(path for path, made in copies.items() if time.time() - made >= days * 86400)
    for path in old:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        del copies[path]
    return old
