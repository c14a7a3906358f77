"""What a directory of a node's store looks like: the same words where it is made and where it is looked at.

Like `family`, this file is also in the Ansible project's `module_utils`; it imports nothing of the project.
"""

import os
import stat

MOST = 300000
"""Entries; a larger directory is not one that we made."""
MARKER = ".complete"


def entries(top: str) -> "list[str]":
    """A line for each entry below a directory but the marker, sorted: path, kind, rights, owner, size, time, target.

    The content is not read: who changes a file changes its time or its size, unless they take care not to.

    Raises:
        OSError: something cannot be read, or there are too many entries.
    """
    found = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for name in sorted(os.listdir(os.path.join(top, folder))):
            path = os.path.join(folder, name)
            if path == MARKER:
                continue
            status = os.lstat(os.path.join(top, path))
            if stat.S_ISDIR(status.st_mode):
                waiting.append(path)
                rest = ""
            elif stat.S_ISLNK(status.st_mode):
                rest = os.readlink(os.path.join(top, path))
            else:
                rest = "%d %d" % (status.st_size, status.st_mtime)
            # The rights of a link differ between file systems, and mean nothing.
            mode = 0 if stat.S_ISLNK(status.st_mode) else status.st_mode
            found.append("%s\0%o %d %s\n" % (path, mode, status.st_uid, rest))
            if len(found) > MOST:
                raise OSError("%s has more than %d entries" % (top, MOST))
    return sorted(found)
