"""Data directories of services that keep data: their content, their mark, and what is mounted there."""

import fnmatch
import json
import os
from typing import Any, Dict, List, Optional, Set

from .opening import MANY, names, opened
from .reading import Spec, Unreadable
from .storage import mount_of, mounts

_OF_THE_FILE_SYSTEM = "lost+found"
_LIMIT = 1 << 16
_NAMES = 10
_BY_UUID = "/dev/disk/by-uuid"


def data(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Service key -> its data directory: `path`, `hollow`, `mark`, `copy`, `entries`, `names`, `owner`, `mount`."""
    rows, mark = mounts(), spec["layout"]["mark"]
    # A fresh disk has the first one, and our mark alone does not count as data.
    ignored = {_OF_THE_FILE_SYSTEM, mark}
    found = {}
    for service in spec.get("services", ()):
        path = service.get("data")
        if path:
            found[service["key"]] = dict(
                _content(path, ignored),
                path=path,
                hollow=_hollow(path, service, ignored),
                mark=_document(os.path.join(path, mark), believed=False),
                copy=_document(service["copy"], believed=True),
                mount=_mount(path, rows),
            )
    return found


def _content(path: str, ignored: Set[str]) -> Dict[str, Any]:
    """Entries that are neither the file system's nor fatecloud's; `entries` is None if there is no directory."""
    try:
        found = sorted(set(names(path)) - ignored)
    except (FileNotFoundError, NotADirectoryError):
        return {"entries": None, "names": []}
    except OSError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))
    return {"entries": len(found), "names": found[:_NAMES]}


def _hollow(path: str, service: Dict[str, Any], ignored: Set[str]) -> bool:
    """Whether the service had made its data, and none of them are there: they may be on a disk of their own."""
    # The record of its objects shows that the service had made its data.
    if not service["filled"] or not os.path.exists(service["filled"]):
        return False
    return not any(_is_there(path, sign, ignored) for sign in service["signs"])


def _is_there(path: str, sign: str, ignored: Set[str]) -> bool:
    """Whether a data directory has what a sign names: `folder/name`, `folder/*` or `name`."""
    folder, wanted = os.path.split(sign)
    try:
        found = names(os.path.join(path, folder))
    except OSError:
        return False
    # A service that made very many files has its data.
    return len(found) >= MANY or bool(set(fnmatch.filter(found, wanted)) - ignored)


def _document(path: str, *, believed: bool) -> Optional[Any]:
    """A JSON object; None where there is none, or one that neither root nor we have written."""
    try:
        with os.fdopen(opened(path, believed=believed), "rb") as stream:
            if os.fstat(stream.fileno()).st_uid not in (0, os.geteuid()):
                return None
            found = json.loads(stream.read(_LIMIT).decode("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mount(path: str, rows: List[Dict[str, str]]) -> Dict[str, str]:
    """Identity of the file system under a path, or under its nearest ancestor."""
    # Before the first deploy there is no directory, and the file system that will hold it is the one above.
    while not os.path.exists(path):
        path = os.path.dirname(path)
    row = mount_of(os.path.realpath(path), rows)
    found = {name: row[name] for name in ("mount", "device", "fstype")}
    return dict(found, uuid=_uuid(row["number"]))


def _uuid(number: str) -> str:
    """UUID of the file system on a block device (`8:1`); empty where it has none."""
    try:
        names = sorted(os.listdir(_BY_UUID))
    except OSError:
        return ""
    for name in names:
        try:
            device = os.stat(os.path.join(_BY_UUID, name)).st_rdev
        except OSError:
            continue
        if "%d:%d" % (os.major(device), os.minor(device)) == number:
            return name
    return ""
