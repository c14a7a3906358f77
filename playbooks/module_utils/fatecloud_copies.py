"""Copies of files that were changed by hand, kept beside them when a deploy replaces them. Python 3.8, stdlib.

The manifest's `copies` names each with the time at which it was made, so that a later run can remove it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time

from ansible.module_utils.fatecloud_inside import beside, regular
from ansible.module_utils.fatecloud_node import replace
from ansible.module_utils.fatecloud_refused import Refused

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
    with beside(path) as (folder, name):
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            # What it leads to is not ours, and stays where it is.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.basename(copy), dir_fd=folder)
            os.symlink(os.readlink(name, dir_fd=folder), os.path.basename(copy), dir_fd=folder)
        else:
            replace(copy, _content(path), mode, *ids)
    manifest.data.setdefault("copies", {})[copy] = int(time.time())
    return copy


def _content(path: str) -> bytes:
    with os.fdopen(regular(path), "rb") as file:
        if os.fstat(file.fileno()).st_nlink > 1:
            raise Refused(f"{path} has a second name, so it may be a file of someone else: move it away by hand")
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise Refused(f"{path} is larger than {LIMIT >> 20} MiB, so no copy of it is kept: move it away by hand")
    return data


def remove(manifest: object, days: float = DAYS) -> list:
    """Remove the copies that are older than this; returns their paths. One behind a link stays, for the next time."""
    copies, removed = manifest.data.get("copies", {}), []
    for path in sorted(path for path, made in copies.items() if time.time() - made >= days * 86400):
        try:
            with beside(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (Refused, OSError):
            continue
        del copies[path]
        removed.append(path)
    return removed
