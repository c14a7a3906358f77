"""The mark in a service's data directory: with it the data are there, without it a start would make new ones."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import os
import re
import uuid

from ansible.module_utils.fatecloud_inside import make_directory, regular, remove_empty, remove_file
from ansible.module_utils.fatecloud_node import Refused, replace
from ansible.module_utils.fatecloud_places import DATA_MARK, MIGRATION_FLAG, MIGRATION_RECORD
from ansible.module_utils.fatecloud_trust import fault, read

IGNORED = ("lost+found", DATA_MARK, MIGRATION_RECORD, MIGRATION_FLAG)
"""What a file system, or we, put into a directory that is empty otherwise."""
LIMIT = 1 << 16
NAMES = 1000
BY_UUID = "/dev/disk/by-uuid"


def mount_of(path: str) -> dict:
    """Identity of the file system under a path, or under its nearest ancestor: mount, device, fstype, uuid.

    The uuid is empty where the file system has none (network file systems, tmpfs, overlay).
    """
    while not os.path.exists(path):
        path = os.path.dirname(path)
    real, best, number = os.path.realpath(path), ("", "", ""), ""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            fields, source = left.split(), right.split()
            mount = re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), fields[4])
            under = mount in ("/", real) or real.startswith(mount + "/")
            # Of two mounts on one point, the later one covers the earlier.
            if under and len(mount) >= len(best[0]):
                best, number = (mount, source[1], source[0]), fields[2]
    return {"mount": best[0], "device": best[1], "fstype": best[2], "uuid": _uuid(number)}


def _uuid(number: str) -> str:
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(BY_UUID)):
            device = os.stat(os.path.join(BY_UUID, name)).st_rdev
            if f"{os.major(device)}:{os.minor(device)}" == number:
                return name
    return ""


def read_mark(folder: str) -> dict | None:
    """The mark in a directory; None where there is none, or one that neither root nor we have made."""
    try:
        with os.fdopen(regular(os.path.join(folder, DATA_MARK)), "rb") as file:
            # Root accepts only root's mark: the service user could write a mark of its own.
            return _document(file.read(LIMIT)) if not fault(os.fstat(file.fileno())) else None
    except (Refused, OSError):
        return None


def _copy(path: str) -> dict | None:
    """The copy of a mark. Raises Refused where others could have written it."""
    data = read(path, LIMIT)
    return _document(data) if data is not None else None


def _document(data: bytes) -> dict | None:
    try:
        found = json.loads(data.decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def expected_mark(manifest: object, service: str, path: str, copy: str) -> dict | None:
    """The mark that a data directory must have; None where none was ever written for it.

    Args:
        copy: our copy of the mark. With root it lies outside of the base directory: it knows what a manifest that is on
            the missing disk itself cannot, and the service user cannot replace it.
    """
    known = (_copy(copy), manifest.data.get("data", {}).get(service))
    return next((mark for mark in known if mark and mark.get("path") == path), None)


def content(folder: str) -> list:
    """Some names in a directory that are neither the file system's nor ours; empty where there is no directory."""
    try:
        with os.scandir(folder) as entries:
            return sorted({entry.name for entry in itertools.islice(entries, NAMES)} - set(IGNORED))
    except (FileNotFoundError, NotADirectoryError):
        return []


def not_there(service: str, path: str, expected: dict) -> Refused:
    """The refusal to go on without the data."""
    then, now = expected["mount"], mount_of(path)
    return Refused(
        f"the data of {service} are not there: {path} does not have their mark;"
        f" they were on {then['device']} ({then['fstype']}) mounted at {then['mount']},"
        f" and there is {now['device']} ({now['fstype']}) mounted at {now['mount']} now",
        data_not_there=service,
    )


def signs_of(path: str, signs: list) -> list:
    """What lies in a data directory and shows that the service has made it."""
    found = [one for sign in signs for one in glob.glob(os.path.join(glob.escape(path), sign))]
    return [one for one in found if os.path.basename(one) not in IGNORED]


def check_mark(manifest: object, service: str, data: dict) -> None:
    """Go on only where the data are there, or were never marked.

    Args:
        data: `path`, `copy_path`, `signs` and `filled`, see `fatecloud_data`.

    Raises:
        Refused: a mark is expected and is not there, or it is of restored data that were not accepted yet; or the mark
            is there, but not the data, which may be on a disk of their own below it.
    """
    path, copy = data["path"], data["copy_path"]
    if data["filled"] and os.path.exists(data["filled"]) and not signs_of(path, data["signs"]):
        raise Refused(
            f"the data of {service} are not there: {path} has {os.path.basename(data['filled'])},"
            f" but none of {', '.join(data['signs'])}; is a disk not mounted below it?",
            data_not_there=service,
        )
    expected, found = expected_mark(manifest, service, path, copy), read_mark(path) or {}
    if expected and (found.get("id") != expected.get("id") or found.get("adopting")):
        raise not_there(service, path, expected)


def new_mark(params: dict, now: int) -> dict:
    """A mark for the data that lie in a directory now."""
    return {
        "id": uuid.uuid4().hex,
        "stamp": params["stamp"],
        "service": params["service"],
        "version": params["version"],
        "path": params["path"],
        "copy": params["copy_path"],
        "mount": mount_of(params["path"]),
        "run": params["run"],
        "at": now,
    }


def write_mark(mark: dict, path: str, copy: str) -> None:
    """Put the mark into the data directory, and its copy beside our records."""
    data = (json.dumps(mark, indent=1, sort_keys=True) + "\n").encode()
    # The service may read the mark. It can remove it, for the directory is its own; it cannot write one as root.
    replace(os.path.join(path, DATA_MARK), data, 0o644)
    make_copy(data, copy)


def make_copy(data: bytes, copy: str) -> None:
    """Write the copy of a mark, unless it is there."""
    if read(copy, LIMIT) == data:
        return
    for folder in (os.path.dirname(os.path.dirname(copy)), os.path.dirname(copy)):
        if not os.path.isdir(folder):
            make_directory(folder, 0o755)
    replace(copy, data, 0o644)


def copy_of(params: dict, service: str) -> str | None:
    """Where the copy of a service's mark is; None for what is not the key of a service.

    Args:
        params: `copies` (directory of the copies) and `label` (the cluster's).
    """
    # Not as the mark says: the service user can replace a manifest below the base directory.
    key = re.fullmatch(r"([0-9]+)/([a-z][a-z0-9_-]*)@[^/]+", service)
    return os.path.join(params["copies"], f"{params['label']}-{key.group(1)}-{key.group(2)}.json") if key else None


def data_away(manifest: object, params: dict) -> dict:
    """Service -> data directory, of those whose marked data are not in place.

    Args:
        params: see `copy_of`.
    """
    found = {}
    for service, mark in manifest.data.get("data", {}).items():
        copy = copy_of(params, service)
        known = (_copy(copy) if copy else None) or mark
        if (read_mark(known["path"]) or {}).get("id") != known.get("id"):
            found[service] = known["path"]
    return found


def forget_marks(manifest: object, params: dict, away: dict, *, everything: bool) -> None:
    """Expect no data any more where there are none, or of no service: they go with the cluster.

    Args:
        params: see `copy_of`.
        away: services whose data are not in place, for example on a disk that is not mounted: they stay expected.
        everything: also of services whose data are still there.
    """
    marks = manifest.data.get("data", {})
    for service in sorted(set(marks) - set(away)):
        copy = copy_of(params, service)
        if copy is None:
            del marks[service]
            continue
        path = (_copy(copy) or marks[service])["path"]
        empty = not content(path)
        if empty and read_mark(path):
            remove_file(os.path.join(path, DATA_MARK))
            remove_empty(path)  # unless it is a mount point, or lost+found is in it
        if empty or everything:
            del marks[service]
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copy)
            for folder in (os.path.dirname(copy), os.path.dirname(os.path.dirname(copy))):
                with contextlib.suppress(OSError):  # the marks of other services are in it
                    os.rmdir(folder)
