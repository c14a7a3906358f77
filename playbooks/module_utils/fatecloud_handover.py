"""Gives a service's directories to the account that it runs as now, with what is in them. Python 3.8, stdlib.

An account may be another one than before: the inventory names another, a lost one could not get its number back, or the
data come from another machine. The old owner may have put anything into the directory, so each thing is opened without
following links and judged by what was opened.
"""

from __future__ import annotations

import os
import stat

from ansible.module_utils.fatecloud_places import DATA_MARK, MIGRATION_FLAG, MIGRATION_RECORD
from ansible.module_utils.fatecloud_refused import Refused
from ansible.module_utils.fatecloud_trust import directory

DEEPEST = 100
"""Directories below each other; each one keeps a descriptor open."""
ROOTS = ("lost+found", DATA_MARK, MIGRATION_FLAG, MIGRATION_RECORD)
"""What stays root's at the top of a directory that was root's: the file system's own, and the mark of the data."""
SHOWN = 3
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def hand_over(path: str, uid: int, gid: int) -> bool:
    """Give a directory to an account, with everything below it that belongs to the directory's owner.

    Links stay as they are. A file with a second name may lie elsewhere too, and be another's.

    Returns:
        Whether it had another owner.

    Raises:
        Refused: a file has a second name, or the directories are too deep; nothing that was refused has changed.
        OSError: it cannot be read.
    """
    try:
        with directory(path, believed=False) as folder:
            top = os.open(".", _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return False
    try:
        before = os.fstat(top).st_uid
        if before == uid:
            return False
        twins = []
        _give_below(top, path, before, (uid, gid), twins)
        if twins:
            names = ", ".join(twins[:SHOWN]) + (", ..." if twins[SHOWN:] else "")
            raise Refused(f"{names}: a file with a second name is given to no one; copy or remove it, then go on")
        # Not before the rest, so that a run after one that was interrupted begins again. From now on a process of the
        # old account can make nothing new here; what it has made in the meantime follows.
        os.fchown(top, uid, gid)
        _give_below(top, path, before, (uid, gid), twins)
    finally:
        os.close(top)
    return True


def _give_below(folder: int, path: str, before: int, owner: tuple, twins: list, depth: int = 1) -> None:
    if depth > DEEPEST:
        raise Refused(f"{path} has more than {DEEPEST} directories below each other")
    for name in os.listdir(folder):
        if depth == 1 and before == 0 and name in ROOTS:
            continue
        try:
            descriptor = os.open(name, _PATH, dir_fd=folder)
        except FileNotFoundError:
            continue
        try:
            _give(descriptor, os.path.join(path, name), before, owner, twins, depth)
        finally:
            os.close(descriptor)


def _give(descriptor: int, path: str, before: int, owner: tuple, twins: list, depth: int) -> None:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        inner = os.open(".", _FOLDER, dir_fd=descriptor)
        try:
            if status.st_uid == before:
                os.fchown(inner, *owner)
            _give_below(inner, path, before, owner, twins, depth + 1)
        finally:
            os.close(inner)
    elif status.st_uid != before or stat.S_ISLNK(status.st_mode):
        return
    elif status.st_nlink != 1:
        twins.append(path)
    else:
        # A descriptor that was opened for its path alone takes no other call.
        os.chown(f"/proc/self/fd/{descriptor}", *owner)
