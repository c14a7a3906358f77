"""Which paths on a node are believed: those that only root, or without root the login too, can change.

A path is opened one component after the other, and each is judged by the owner and mode of what was opened, so nothing
can be exchanged between the judgement and the use. Python 3.8, stdlib.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import stat

from ansible.module_utils.fatecloud_refused import Refused

LARGEST = 64 << 20
"""Bytes of the largest record that is read."""
_LINKS = 40
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
REMEDY = (
    "if an earlier version of fatecloud made it, destroy the cluster with that version (data stay), then as root:"
    " chown root:root {path} && chmod go-w {path}; otherwise name another directory in `paths`"
)


def fault(status: os.stat_result) -> str:
    """Why what has this status cannot be believed; empty where it can be."""
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to {_name(status.st_uid)}"
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and status.st_uid == 0:
        return ""  # as /tmp: everyone may add to it, and no one can replace what is another's
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everyone"
    if status.st_mode & stat.S_IWGRP and not _alone(status.st_uid, status.st_gid):
        return f"can be written by the group {_group(status.st_gid)}"
    return ""


def _name(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user number {uid}"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return f"number {gid}"


def _alone(uid: int, gid: int) -> bool:
    """Whether a group is the user's own and has no other member, as many distributions make one for each user."""
    with contextlib.suppress(KeyError):
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
        return user.pw_gid == gid and user.pw_name == group.gr_name and not set(group.gr_mem) - {user.pw_name}
    return False


def untrusted(path: str, reason: str) -> Refused:
    """The refusal to believe what is at a path."""
    ours = "root" if os.geteuid() == 0 else f"root or {_name(os.geteuid())}"
    return Refused(
        f"{path} {reason}, but only {ours} may change what is believed there; {REMEDY.format(path=path)}",
        untrusted=path,
    )


class _Way:
    """The way to a directory: where it has come to, and whether all up to there is believed."""

    def __init__(self, path: str) -> None:
        self.ahead, self.shown, self.good, self.links = path.split("/"), "/", True, 0
        self.descriptor = os.open("/", _STEP)

    def walk(self, believed: bool) -> None:  # noqa: FBT001
        """Go to the end. Raises Refused or OSError."""
        while self.ahead:
            name = self.ahead.pop(0)
            if name in ("", "."):
                continue
            owner, target = _link(name, self.descriptor)
            if target:
                self._follow(os.path.join(self.shown, name), owner, target)
                continue
            self._step(name)
            reason = fault(os.fstat(self.descriptor))
            self.good = self.good and not reason
            if believed and reason:
                raise untrusted(self.shown, reason)

    def _follow(self, link: str, owner: int, target: str) -> None:
        self.links += 1
        # In a directory like /tmp anyone may make a link.
        if not self.good or owner not in (0, os.geteuid()) or self.links > _LINKS:
            raise untrusted(link, "is a link")
        self.ahead = target.split("/") + self.ahead
        if target.startswith("/"):
            self._step("/")

    def _step(self, name: str) -> None:
        self.shown = os.path.normpath(os.path.join(self.shown, name))
        try:
            found = os.open(name, _STEP, dir_fd=self.descriptor)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, self.shown) from None
        os.close(self.descriptor)
        self.descriptor = found


@contextlib.contextmanager
def directory(path: str, *, believed: bool = True) -> object:
    """A descriptor of a directory, for `dir_fd`; a link on the way is followed only where its directory is believed.

    Args:
        believed: whether every directory of the path has to be.

    Raises:
        Refused: it is not believed, or a link is on the way that anyone could have put there.
        OSError: it is not there, or not a directory.
    """
    way = _Way(path)
    try:
        way.walk(believed)
        yield way.descriptor
    finally:
        os.close(way.descriptor)


def _link(name: str, descriptor: int) -> tuple:
    """Who owns a link, and where it points to; the target is empty for what is none."""
    try:
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        return status.st_uid, os.readlink(name, dir_fd=descriptor) if stat.S_ISLNK(status.st_mode) else ""
    except OSError:  # what opens it next says why
        return -1, ""


def read(path: str, largest: int = LARGEST) -> bytes | None:
    """A file that is believed; None where there is none.

    Raises:
        Refused: it, or a directory above it, is not believed; or it is larger than `largest`.
        OSError: it cannot be read.
    """
    try:
        with directory(os.path.dirname(path)) as folder:
            descriptor = opened(os.path.basename(path), folder, path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise untrusted(path, f"has more than {largest >> 10} KiB")
    return data


def opened(name: str, folder: int, path: str, flags: int) -> int:
    """A descriptor of a regular file that is believed.

    Args:
        folder: a descriptor of its directory.
        path: how messages call it.

    Raises:
        Refused: it is not believed.
        OSError: it is not there, or cannot be opened.
    """
    try:
        descriptor = os.open(name, flags | _FILE, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise untrusted(path, "is not a regular file") from error
        raise type(error)(error.errno, error.strerror, path) from None
    status = os.fstat(descriptor)
    reason = fault(status) if stat.S_ISREG(status.st_mode) else "is not a regular file"
    if reason:
        os.close(descriptor)
        raise untrusted(path, reason)
    return descriptor
