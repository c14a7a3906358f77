"""Opens what may have been planted: one component of a path after the other, and never a pipe or a device.

A link is followed only where no one but root (without root: the login) could have put it. What root believes, our own
records, must be theirs on the whole way, and no one else's to write.
"""

import contextlib
import errno
import grp
import itertools
import os
import pwd
import stat
import threading
from typing import Any, Collection, Iterator, List, Tuple

LARGEST = 64 << 20
"""Bytes of the largest record of ours."""
MANY = 20000
"""Entries of a directory that are looked at; a service may make any number of them."""
STRANGE = "not a regular file"
_LINKS = 40
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KEPT = 100

Way = Tuple[int, str]
"""A descriptor of a directory, and the first component of its path that is not to be believed, with the reason."""
_ways: Any = {}
"""Those that are kept open: a collector lives for seconds, and its paths have their directories in common."""
_lock = threading.Lock()


class Strange(OSError):
    """Something else than what should be there: a link, a pipe, a device. `strerror` says what."""


class Untrusted(OSError):
    """A record that others could have written; `strerror` says which part of its path, and why."""


def opened(path: str, *, believed: bool = False, inside: str = "") -> int:
    """A descriptor of a regular file, to read from; a link at the end of the path is never followed.

    Args:
        path: absolute.
        believed: whether it has to be one that no one else could have written.
        inside: a directory in which, and in place of which, no link is followed, not even one of root.

    Raises:
        Strange: it is something else, or a link is on the way that a service may have made.
        Untrusted: it is to be believed, and others could have written it.
        OSError: it is not there, or cannot be opened.
    """
    name = os.path.basename(path)
    with way(os.path.dirname(path), inside) as (folder, reason):
        if believed and reason:
            raise Untrusted(errno.EPERM, reason, path)
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _require_regular(status, path)  # a device must not even be opened
        descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        _require_regular(status, path)
        reason = _fault(status) if believed else ""
        if reason:
            raise Untrusted(errno.EPERM, "%s %s" % (path, reason), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def text_in(path: str, largest: int, *, believed: bool = False, inside: str = "") -> str:
    """At most `largest` bytes of such a file, as text. Raises OSError as `opened`."""
    with os.fdopen(opened(path, believed=believed, inside=inside), "rb") as stream:
        return stream.read(largest).decode("utf-8", "replace")


def end_of(path: str, most: int) -> bytes:
    """The last bytes of a service's file, at most so many; empty where there is none that we may read."""
    try:
        with os.fdopen(opened(path), "rb") as stream:
            require_alone(stream.fileno(), path)
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - most))
            return stream.read(most)
    except OSError:
        return b""


def require_alone(descriptor: int, path: str) -> None:
    """Raise Strange if a file has a second name: it may be a file that its directory's owner cannot read."""
    if os.fstat(descriptor).st_nlink > 1:
        raise Strange(errno.EMLINK, "it has a second name (a hard link)", path)


def distrust(path: str) -> str:
    """Why a record, or the way to where it will be, is not to be believed; empty where it is."""
    try:
        os.close(opened(path, believed=True))
    except (Strange, Untrusted) as error:
        return str(error.strerror) if isinstance(error, Untrusted) else "%s: %s" % (error.filename, error.strerror)
    except OSError:
        return "" if path == "/" else _distrusted_way(os.path.dirname(path))  # it is not there yet
    return ""


def _distrusted_way(path: str) -> str:
    try:
        with way(path) as (_, reason):
            return reason
    except Strange as error:
        return "%s %s" % (error.filename, error.strerror)
    except OSError:
        return "" if path == "/" else _distrusted_way(os.path.dirname(path))


def lent(path: str, users: Collection[str]) -> str:
    """Why root must not run a program: one of these users, or everyone, could have put it there; empty where not.

    Args:
        path: absolute. Its links are followed.
    """
    for start in (path, os.path.realpath(path)):
        place = start
        while place.strip("/"):
            try:
                status = os.stat(place)
            except OSError:
                return ""  # there is nothing to run
            if status.st_uid and _user(status.st_uid)[len("user ") :] in users:
                return "%s belongs to %s, and root would run %s" % (place, _user(status.st_uid), path)
            if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
                return "%s can be written by everyone, and root would run %s" % (place, path)
            place = os.path.dirname(place)
    return ""


def names(path: str, inside: str = "") -> List[str]:
    """Names in a directory, at most `MANY`. Raises OSError."""
    return [name for name, _ in _entries(path, inside)]


def below(root: str, deepest: int) -> Iterator[str]:
    """Files of a tree, at most `MANY` in all, no link followed."""
    waiting, left = [root], MANY
    while waiting and left > 0:
        folder = waiting.pop()
        try:
            found = _entries(folder, root)[:left]
        except OSError:
            continue
        left -= len(found)
        for name, is_folder in found:
            path = os.path.join(folder, name)
            if not is_folder:
                yield path
            elif path.count("/") - root.count("/") <= deepest:
                waiting.append(path)


def _entries(path: str, inside: str) -> List[Tuple[str, bool]]:
    """Names in a directory, and whether each is a directory."""
    with way(path, inside) as (folder, _):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        with _scan(descriptor) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in itertools.islice(entries, MANY)]
    finally:
        os.close(descriptor)


def _scan(descriptor: int) -> Any:
    try:
        return os.scandir(descriptor)
    except TypeError:  # Python 3.6 takes only paths
        return os.scandir("/proc/self/fd/%d" % descriptor)


def _require_regular(status: Any, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Strange(errno.EINVAL, "it is %s" % _kind(status.st_mode), path)


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    )
    return next((word for test, word in kinds if test(mode)), STRANGE)


@contextlib.contextmanager
def way(path: str, inside: str = "") -> Iterator[Way]:
    """A directory, see `opened`. Raises OSError."""
    with _lock:
        found = _ways.get((path, inside))
    if found is not None:
        yield found
        return
    found = _reached(path, inside)  # without the lock, because a file system that is gone may keep us for ever
    with _lock:
        kept = len(_ways) < _KEPT and _ways.setdefault((path, inside), found) is found
    try:
        yield found
    finally:
        if not kept:
            os.close(found[0])


def _reached(path: str, inside: str) -> Way:
    ahead, links = path.split("/")[::-1], 0
    strict = len(ahead) - inside.count("/") if inside and (path + "/").startswith(inside + "/") else 0
    at, shown, reason = os.open("/", _STEP), "", ""
    try:
        while ahead:
            name = ahead.pop()
            if name in ("", "."):
                continue
            status, step = os.stat(name, dir_fd=at, follow_symlinks=False), "%s/%s" % (shown, name)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                # In a directory like /tmp anyone may make a link.
                if reason or _fault(status) or links > _LINKS or len(ahead) < strict:
                    raise Strange(errno.ELOOP, "is a link", step)
                target = os.readlink(name, dir_fd=at)
                ahead += target.split("/")[::-1]
                if not target.startswith("/"):
                    continue
                name, step = "/", ""
            before, at = at, os.open(name, _STEP, dir_fd=at)
            os.close(before)
            shown, wrong = step, _fault(os.fstat(at))
            reason = reason or (wrong and "%s %s" % (shown or "/", wrong))
    except OSError:
        os.close(at)
        raise
    return at, reason


def _fault(status: Any) -> str:
    """Why what has this status is not to be believed; empty where it is."""
    if status.st_uid not in (0, os.geteuid()):
        return "belongs to %s" % _user(status.st_uid)
    if stat.S_ISLNK(status.st_mode):
        return ""  # its mode says nothing
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and status.st_uid == 0:
        return ""  # as /tmp: everyone may add to it, and no one can replace what is another's
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everyone"
    if status.st_mode & stat.S_IWGRP and not _is_own(status.st_uid, status.st_gid):
        return "can be written by group %s" % _group(status.st_gid)
    return ""


def _user(uid: int) -> str:
    try:
        return "user %s" % pwd.getpwuid(uid).pw_name
    except KeyError:
        return "user number %d" % uid


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return "number %d" % gid


def _is_own(uid: int, gid: int) -> bool:
    """Whether a group is the user's own and has no other member, as many distributions make one for each user."""
    try:
        user: Any = pwd.getpwuid(uid)
        group: Any = grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and user.pw_name == group.gr_name and not set(group.gr_mem) - {user.pw_name}
