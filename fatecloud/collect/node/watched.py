"""Whether an environment is as it was made: the same words where it is made and where it is looked at.

An environment has tens of thousands of files, and a look at each of them would cost as much as a check. So its record
has the directories that matter: those with bytecode (something in them was imported), with libraries or with programs,
a fifth of all files. Their sizes, times, rights and owners are compared: what an editor writes into a file changes its
time. FATE's environment costs a node 40 ms for this (5,500 files, Python 3.11, measured on 2026-11-29).

Like `family`, this file is also in the Ansible project's `module_utils`; it imports nothing of the project.
"""

import json
import os
import stat
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Dict, List

RECORD = ".watched"
MARKER = ".complete"
MOST = 20000
"""Directories of an environment; a larger one is not one that we made."""
COPY = ".bak"
"""The end of a copy's name, see `fatecloud_copies`."""
_BYTECODE = "__pycache__"
_OURS = (RECORD, MARKER, _BYTECODE)


def record(top: str, free: "Collection[str]" = (), *, every: bool = False) -> str:
    """The record of a directory as it is now.

    Args:
        free: paths below it that are replaced later, and so are not compared.
        every: whether all of its directories matter.

    Raises:
        OSError: something cannot be read, or there are too many directories.
    """
    folders: "Dict[str, Any]" = {}
    waiting, seen = [""], 0
    while waiting:
        folder = waiting.pop()
        seen += 1
        if seen > MOST:
            raise OSError("%s has more than %d directories" % (top, MOST))
        names = os.listdir(os.path.join(top, folder))
        for name in names:
            path = os.path.join(folder, name)
            if name != _BYTECODE and stat.S_ISDIR(os.lstat(os.path.join(top, path)).st_mode):
                waiting.append(path)
        if every or not folder or _matters(folder, names):
            folders[folder] = _state(top, folder, free)
    return json.dumps({"free": sorted(free), "folders": folders}, sort_keys=True)


def changed(top: str, text: str) -> "List[str]":
    """The directories that are gone, or have other entries than their record says, as paths below the top.

    Args:
        text: what `record` returned.

    Raises:
        ValueError: it is not a record.
    """
    try:
        known = json.loads(text)
        free, folders = known["free"], known["folders"]
        return sorted(folder or "." for folder, was in folders.items() if _differs(top, folder, was, free))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a record of an environment: %s" % error)


def _matters(folder: str, names: "Collection[str]") -> bool:
    if _BYTECODE in names or os.path.basename(folder) == "bin":
        return True
    return any(".so" in name or name.endswith(".pth") for name in names)


def _differs(top: str, folder: str, was: "Any", free: "Collection[str]") -> bool:
    try:
        status = os.lstat(os.path.join(top, folder))
        # Not by its time: who writes into a file leaves that of its directory as it is.
        return bool([status.st_mode, status.st_uid] != was[:2] or _entries(top, folder, free) != was[3])
    except OSError:
        return True


def _state(top: str, folder: str, free: "Collection[str]") -> "List[int]":
    status = os.lstat(os.path.join(top, folder))
    return [status.st_mode, status.st_uid, int(status.st_mtime), _entries(top, folder, free)]


def _entries(top: str, folder: str, free: "Collection[str]") -> int:
    """A sum of what is directly in a directory; no one but root could make another one with the same sum.

    Beside a file that is replaced later, a deploy keeps copies of what was changed in it by hand.
    """
    own = {path[len(folder) + 1 if folder else 0 :] for path in free if os.path.dirname(path) == folder}
    lines = []
    with os.scandir(os.path.join(top, folder)) as entries:
        for entry in entries:
            copied = entry.name.endswith(COPY) and any(entry.name.startswith(name + ".") for name in own)
            if copied or entry.name in _OURS or entry.name in own:
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                rest = ""
            elif stat.S_ISLNK(status.st_mode):
                rest = os.readlink(entry.path)
            else:
                rest = "%o %d %d %d" % (status.st_mode, status.st_uid, status.st_size, status.st_mtime)
            lines.append("%s\0%o %s\n" % (entry.name, stat.S_IFMT(status.st_mode), rest))
    return zlib.crc32("".join(sorted(lines)).encode("utf-8", "surrogateescape"))
