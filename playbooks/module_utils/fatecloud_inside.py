"""Work in directories that a service owns, where any name may be a link, a pipe or without end. Python 3.8, stdlib.

Everything is reached by descriptors of directories, without following links; see `fatecloud_trust.directory`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import subprocess

from ansible.module_utils.fatecloud_refused import Refused
from ansible.module_utils.fatecloud_trust import directory

LARGEST = 1 << 20
"""Bytes of the largest text that a service may have written for us."""
HASHED = 256 << 20
"""Bytes of the largest file that is hashed, unless a caller knows its size."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
STRANGE = "not a regular file"
"""In place of the hash of what is neither absent nor a regular file of a bounded size."""


@contextlib.contextmanager
def beside(path: str) -> object:
    """A descriptor of the directory of a path, and the path's last name."""
    with directory(os.path.dirname(path), believed=False) as folder:
        yield folder, os.path.basename(path)


def regular(path: str) -> int:
    """A descriptor of a regular file, to read from.

    Raises:
        Refused: it is something else, or a link is on the way.
        OSError: it is not there, or cannot be opened.
    """
    with beside(path) as (folder, name):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):  # a device must not even be opened
            raise Refused(f"{path} is not a regular file")
        descriptor = os.open(name, _READ, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused(f"{path} is not a regular file")
    return descriptor


def text_of(path: str, largest: int = LARGEST) -> str | None:
    """A small text that a service wrote; None where there is no regular file, or a larger one."""
    try:
        with os.fdopen(regular(path), "rb") as file:
            # With a second name it may be a file of someone else.
            data = file.read(largest + 1) if os.fstat(file.fileno()).st_nlink == 1 else None
    except (Refused, OSError):
        return None
    return data.decode(errors="replace") if data is not None and len(data) <= largest else None


def sha256_of(path: str, largest: int = HASHED) -> str | None:
    """Hex sha256 of a file, None when there is no such path, or `STRANGE`."""
    digest, left = hashlib.sha256(), largest
    try:
        with os.fdopen(regular(path), "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
                left -= len(block)
                if left < 0:
                    return STRANGE
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Refused:
        return STRANGE
    return digest.hexdigest()


def make_directory(path: str, mode: int, uid: int = -1, gid: int = -1) -> bool:
    """Make a directory with this mode and owner; missing ones above it are ours, 0755. Whether anything changed.

    Raises:
        Refused: a link is on the way that anyone could have put there.
        OSError: there is something else at the path.
    """
    made = not os.path.lexists(path)
    if made:
        if not os.path.lexists(os.path.dirname(path)):
            make_directory(os.path.dirname(path), 0o755)
        with beside(path) as (folder, name), contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
    with directory(path, believed=False) as folder:
        if not made and _has_access(os.fstat(folder), mode, uid, gid):
            return False
        descriptor = os.open(".", _FOLDER, dir_fd=folder)
        try:
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
    return True


def is_directory(path: str, mode: int, uid: int, gid: int) -> bool:
    """Whether a path is a directory with this mode and owner, -1 for any."""
    try:
        with directory(path, believed=False) as folder:
            return _has_access(os.fstat(folder), mode, uid, gid)
    except (Refused, OSError):
        return False


def _has_access(status: os.stat_result, mode: int, uid: int, gid: int) -> bool:
    return status.st_mode & 0o7777 == mode and uid in (-1, status.st_uid) and gid in (-1, status.st_gid)


def same_access(path: str, mode: int, uid: int, gid: int) -> bool:
    """Whether a file has this mode and owner, -1 for any; False where a link is on the way, or nothing is there."""
    try:
        with beside(path) as (folder, name):
            return _has_access(os.stat(name, dir_fd=folder, follow_symlinks=False), mode, uid, gid)
    except (Refused, OSError):
        return False


def remove_file(path: str) -> None:
    """Remove a file or a link, if it is there.

    Raises:
        Refused: a link is on the way to it.
        OSError: it cannot be removed.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), beside(path) as (folder, name):
        os.unlink(name, dir_fd=folder)


PARTS = ".service.d"
"""End of the name of a directory with parts of a unit."""


def remove_placed(path: str) -> None:
    """Remove a file that a deploy placed, and the directory with parts of a unit that is empty then.

    Raises:
        Refused: a link is on the way to it.
        OSError: it cannot be removed.
    """
    remove_file(path)
    # Another part in it is an administrator's own.
    if os.path.dirname(path).endswith(PARTS):
        remove_empty(os.path.dirname(path))


def remove_tree(path: str) -> None:
    """Remove a path with all that is below it, follow no link, and stop at no depth.

    Raises:
        Refused: a link is on the way to it, or something cannot be removed.
    """
    try:
        with beside(path) as (folder, name):
            if os.geteuid() and stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                # Without root, what is read only cannot be emptied either.
                _run(["/bin/chmod", "-R", "u+w", "--", f"./{name}"], folder)
            done = _run(["/bin/rm", "-rf", "--", f"./{name}"], folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise Refused(f"{path} cannot be removed: {lines[0][:300]}")


def _run(argv: list, folder: int) -> subprocess.CompletedProcess:
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        preexec_fn=lambda: os.fchdir(folder),
        check=False,
    )


def remove_empty(path: str) -> None:
    """Remove a directory if it is empty and no link is on the way to it."""
    with contextlib.suppress(Refused, OSError), beside(path) as (folder, name):
        os.rmdir(name, dir_fd=folder)
