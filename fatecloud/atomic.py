"""Writes files that only their owner may read, completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fatecloud.errors import InputError


def write_private(file: Path, content: bytes, *, replace: bool, mode: int = 0o600) -> None:
    """Write a file atomically. A file that is replaced keeps its group and the permissions of its group.

    Args:
        file: the file; its directory exists.
        content: its bytes.
        replace: whether an existing file is replaced.
        mode: permissions of a new file.

    Raises:
        InputError: the file exists and must not be replaced, or it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            mode = _share(name, file, mode)
        Path(name).chmod(mode)
        if replace:
            Path(name).replace(file)
        else:
            os.link(name, file)
    except FileExistsError:
        raise InputError(f"{file}: exists already and is not overwritten") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        Path(name).unlink(missing_ok=True)


def _share(name: str, file: Path, mode: int) -> int:
    """Set the old file's group on the new one and return its mode. Operators who share an inventory rely on both.

    Raises:
        InputError: this user may not set the group, and without it the other members could not read the file.
    """
    if not file.exists():
        return mode
    old = file.stat()
    shared = old.st_mode & 0o060
    if shared and old.st_gid != Path(name).stat().st_gid:
        try:
            os.chown(name, -1, old.st_gid)
        except PermissionError:
            raise InputError(
                f"{file}: is shared with the group {old.st_gid}, and you are not a member of this group",
                remedy="become a member of it (then log in again), or ask a member to run this command",
            ) from None
    return mode | shared
