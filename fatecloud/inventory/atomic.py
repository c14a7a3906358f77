"""Writes files that only their owner may read, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fatecloud.errors import InputError


def write_private(file: Path, content: bytes, *, replace: bool, mode: int = 0o600) -> None:
    """Write a file atomically.

    Args:
        file: the file; its directory exists.
        content: its bytes.
        replace: whether an existing file is replaced.
        mode: permissions.

    Raises:
        InputError: the file exists and may not be replaced, or cannot be written.
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
