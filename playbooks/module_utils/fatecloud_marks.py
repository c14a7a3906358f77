"""The mark in a service's data directory: with it the data are there, without it a start would make new ones."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import uuid

from ansible.module_utils.fatecloud_node import Refused, make_directory, replace

MARK = ".fatecloud-data.json"
"""Name of the mark inside the data directory."""
IGNORED = ("lost+found", MARK)
"""What a file system, or we, put into a directory that is empty otherwise."""
LIMIT = 1 << 16
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
    """The mark in a directory; None where there is none, or one that somebody else than root or we have made."""
    try:
        descriptor = os.open(os.path.join(folder, MARK), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        # Root takes root's word only: the service user could write a mark of its own.
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()):
            return None
        return _document(file.read(LIMIT))


def _document(data: bytes) -> dict | None:
    try:
        found = json.loads(data.decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def expected_mark(manifest: object, service: str, path: str, copy: str) -> dict | None:
    """The mark that a data directory must have; None where none was ever written for it.

    Args:
        copy: our copy of the mark. With root it lies outside of the base directory, and knows what a manifest that is
            on the missing disk itself cannot.
    """
    found = manifest.data.get("data", {}).get(service)
    if found is None:
        try:
            with open(copy, "rb") as file:
                found = _document(file.read(LIMIT))
        except OSError:
            found = None
    return found if found and found["path"] == path else None


def content(folder: str) -> list:
    """Names in a directory that are neither the file system's nor ours; empty where there is no directory."""
    try:
        return sorted(set(os.listdir(folder)) - set(IGNORED))
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


def check_mark(manifest: object, service: str, path: str, copy: str) -> None:
    """Go on only where the data are there, or were never marked.

    Raises:
        Refused: a mark is expected and is not there.
    """
    expected = expected_mark(manifest, service, path, copy)
    if expected and (read_mark(path) or {}).get("id") != expected["id"]:
        raise not_there(service, path, expected)


def new_mark(params: dict, now: int) -> dict:
    """A mark for the data that lie in a directory now."""
    return {
        "id": uuid.uuid4().hex,
        "stamp": params["stamp"],
        "service": params["service"],
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
    replace(os.path.join(path, MARK), data, 0o644)
    make_copy(data, copy)


def make_copy(data: bytes, copy: str) -> None:
    """Write the copy of a mark, unless it is there."""
    with contextlib.suppress(FileNotFoundError), open(copy, "rb") as file:
        if file.read() == data:
            return
    for folder in (os.path.dirname(os.path.dirname(copy)), os.path.dirname(copy)):
        if not os.path.isdir(folder):
            make_directory(folder, 0o755)
    replace(copy, data, 0o644)


def forget_marks(manifest: object, *, everything: bool) -> None:
    """Expect no data any more where there are none, or of no service: they go with the cluster.

    Args:
        everything: also of services whose data are still there.
    """
    marks = manifest.data.get("data", {})
    for service, mark in list(marks.items()):
        empty = os.path.isdir(mark["path"]) and not content(mark["path"])
        if empty and read_mark(mark["path"]):
            os.unlink(os.path.join(mark["path"], MARK))
            with contextlib.suppress(OSError):  # a mount point, or lost+found is in it
                os.rmdir(mark["path"])
        if empty or everything:
            del marks[service]
            with contextlib.suppress(FileNotFoundError):
                os.unlink(mark["copy"])
            for folder in (os.path.dirname(mark["copy"]), os.path.dirname(os.path.dirname(mark["copy"]))):
                with contextlib.suppress(OSError):  # the marks of other services are in it
                    os.rmdir(folder)
