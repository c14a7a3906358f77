"""The private map from pseudonyms to names: a file in the cluster's state directory. It is handed to no one."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import UsageError
from fatecloud.model.pseudonyms import Pseudonyms

FILE = "pseudonyms.json"
SCHEMA = "fatecloud/pseudonyms/v1"
"""Names the form of the file, and holds the names in it."""
_TAG_BYTES = 2


def pseudonyms(directory: Path) -> Pseudonyms:
    """The cluster's pseudonyms; new ones with a random tag before its first export.

    Args:
        directory: the cluster's state directory.

    Raises:
        UsageError: the file cannot be read or is damaged.
    """
    file = directory / FILE
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        names = {str(one): str(name) for one, name in body[SCHEMA].items()}
        return Pseudonyms(str(body["tag"]), names)
    except FileNotFoundError:
        return Pseudonyms(secrets.token_hex(_TAG_BYTES), {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'it is damaged'}",
            remedy="put a copy of it back; without it, names in earlier exports cannot be found again",
        ) from None


@contextmanager
def kept_pseudonyms(directory: Path) -> Iterator[Pseudonyms]:
    """The same to add to: what was given inside the block is kept at its end. One process at a time.

    Raises:
        UsageError: see `pseudonyms`.
        InputError: the file cannot be written.
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = pseudonyms(directory)
        yield found
        body = {"tag": found.tag, SCHEMA: found.names}
        write_private(directory / FILE, json.dumps(body, indent=1).encode() + b"\n", replace=True)
    finally:
        os.close(handle)
