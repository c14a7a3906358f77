"""Hashes of files, and what a service's start script wrote of them."""

import contextlib
import importlib
import os
import re
import stat
from typing import Any, Dict, Optional, Tuple

from .accounts import group_name
from .opening import STRANGE, Strange, opened, way
from .own_records import own_record
from .processes import user_name
from .reading import Spec, Unreadable

_STARTED = 1 << 20
_HASHED = 256 << 20
"""Bytes of the largest file that is hashed."""
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")


def files(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Hash, mode, owner, size and age of each asked file and of each in the manifest; None where there is none."""
    wanted = set(spec.get("files", ()))
    with contextlib.suppress(Unreadable):  # the fact `manifest` reports why
        # Files of services that left the inventory: a plan removes them, and shows which were edited.
        wanted.update((own_record(spec, "manifest") or {}).get("files", ()))
    return {path: file_entry(path) for path in sorted(wanted)}


def folders(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Mode and owner of each asked directory; None where there is none, without names where we may not look at it."""
    return {path: _folder_entry(path) for path in spec.get("folders", ())}


def _folder_entry(path: str) -> Optional[Dict[str, Any]]:
    try:
        with way(path) as (folder, _):
            status = os.fstat(folder)
    except FileNotFoundError:
        return None
    except OSError:
        return {"mode": "0000", "owner": "", "group": ""}
    return _rights(status)


def _rights(status: Any) -> Dict[str, Any]:
    return {
        "mode": "%04o" % stat.S_IMODE(status.st_mode),
        "owner": user_name(status.st_uid),
        "group": group_name(status.st_gid),
    }


def digests_at_start(path: str) -> Optional[Tuple[Dict[str, str], float]]:
    """The record that a service's start script left, lines of `sha256sum`, and its age; None when there is none."""
    try:
        with os.fdopen(opened(path), "rb") as stream:
            lines = stream.read(_STARTED).decode("utf-8", "replace").splitlines()
            written = os.fstat(stream.fileno()).st_mtime
    except OSError:
        return None
    found = (_SUM.match(line) for line in lines)
    return {match.group(2): match.group(1) for match in found if match}, written


def file_entry(path: str) -> Optional[Dict[str, Any]]:
    """Hash, mode, owner, size and age of a file; None where there is none, `error` where it cannot be read."""
    hidden = {"mode": "0000", "owner": "", "group": "", "size": 0, "mtime": 0.0, "sha256": None}
    try:
        descriptor = opened(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Strange as error:
        return dict(hidden, sha256=STRANGE, error=error.strerror)
    except OSError as error:
        return dict(hidden, error=error.strerror)
    with os.fdopen(descriptor, "rb") as stream:
        return _read(stream)


def _read(stream: Any) -> Dict[str, Any]:
    status, left = os.fstat(stream.fileno()), _HASHED
    entry = dict(_rights(status), size=status.st_size, mtime=status.st_mtime, sha256=None)
    digest = sha256()
    try:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
            # The size that the file had at first says nothing: its owner may go on writing.
            left -= len(block)
            if left < 0:
                return dict(entry, sha256=STRANGE, error="it has more than %d MiB" % (_HASHED >> 20))
    except OSError as error:
        return dict(entry, error=error.strerror)
    return dict(entry, sha256=digest.hexdigest())


def sha256() -> Any:
    """A hash by Python's own code: for a few small files, `hashlib` would load OpenSSL, 5 ms of CPU."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before it
        with contextlib.suppress(ImportError):
            return importlib.import_module(name).sha256()
    return importlib.import_module("hashlib").sha256()
