"""Reads the logs of one service on a node: files and journal, cut into records, filtered, bounded.

Whatever a service writes, the answer has at most `_ANSWER` bytes: the newest records are kept, and what was left out is
counted. Log files and their directories are the services' own, so no link in them is followed, and what is not a
regular file, or has a second name, is named and left out.
"""

import fnmatch
import json
import os
import subprocess
import sys
from typing import Any, Dict, List, Tuple

from .journal import entries_of
from .kept import Kept, Sieve
from .opening import below, names, opened, require_alone
from .records import Spec, records, stamp_of

_FILES = 200
_ANSWER = 4 << 20
_ALL_FILES = 64 << 20
_DEEPEST = 8
_NAMED = 20  # of what is left out


def read(spec: Spec) -> Dict[str, Any]:
    """What the spec asks for.

    Returns:
        `records` (time, level, file, lines) in order of time, at most `lines` of them, no record twice; `cursor` for
        the next call; `problems` with what could not be read; `files`, how many there were; `cut` with what the answer
        lacks: records left out by `count` and by `size`, bytes `unread`, and whether a part of the `journal` was.
    """
    sieve = Sieve(spec)
    cursor = spec.get("cursor") or {}
    moved: Dict[str, Any] = {"files": {}, "journal": cursor.get("journal")}
    problems: List[str] = []
    kept = Kept(spec["lines"], spec.get("answer", _ANSWER))
    unread = 0
    budget = spec.get("all_files", _ALL_FILES)
    paths, wrong = _newest(spec)
    problems += wrong
    for path, root, name in paths:
        try:
            with os.fdopen(opened(path, inside=root), "rb") as stream:
                require_alone(stream.fileno(), path)
                lines, mtime, inode, offset, skipped = _new_lines(stream, cursor, min(spec["bytes"], budget))
        except OSError as error:
            problems.append("%s: %s" % (path, error.strerror))
            continue
        budget -= sum(map(len, lines))
        moved["files"][inode] = offset
        first = next((stamp for stamp in map(stamp_of, lines) if stamp is not None), mtime)
        # What was written before the time that is asked for is not missed.
        if not (skipped and spec.get("since") is not None and lines and first < spec["since"]):
            # What the limits passed over is counted, so that the reader knows that the answer is not all.
            unread += skipped
        kept.add([dict(record, file=name) for record in records(lines, first) if sieve.takes(record)])
    partly = False
    if spec.get("unit"):
        try:
            entries, moved["journal"], partly = entries_of(spec, cursor)
            kept.add([record for record in entries if sieve.takes(record)])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problems.append("journal of %s: %s" % (spec["unit"], error))
    cut = {"count": kept.by_count, "size": kept.by_size, "unread": unread, "journal": partly}
    return {
        "version": 1,
        "records": kept.answer(),
        "cursor": moved,
        "problems": problems,
        "files": len(paths),
        "cut": cut,
    }


def main(spec: Spec) -> None:
    """Print the answer as one JSON document."""
    sys.stdout.write("\n" + json.dumps(read(spec)) + "\n")


def _newest(spec: Spec) -> Tuple[List[Tuple[str, str, str]], List[str]]:
    """The latest files that are asked for, latest first, and what could not be opened.

    Each has the tree that it belongs to, or an empty string, and the name that is shown.
    """
    own = spec.get("root", "")
    found = []
    for pattern in spec["paths"]:
        root = own if own and pattern.startswith(own + "/") else ""
        found += [(path, root, path) for path in _matching(pattern, root)]
    for root in spec.get("trees", ()):
        found += [(path, root, os.path.relpath(path, root)) for path in below(root, _DEEPEST - 1)]
    since = spec.get("since")
    aged, wrong = [], []
    for path, root, name in sorted(set(found)):
        try:
            written = _age(path, root)
        except FileNotFoundError:
            continue  # rotated away while we were looking, or not written yet
        except OSError as error:
            wrong.append("%s: %s" % (path, error.strerror))
            continue
        if since is None or written >= since:
            aged.append((written, path, root, name))
    return [(path, root, name) for _, path, root, name in sorted(aged, reverse=True)[:_FILES]], wrong[:_NAMED]


def _age(path: str, root: str) -> float:
    """When a file was written last. Raises OSError where it is not one that a service wrote."""
    descriptor = opened(path, inside=root)
    try:
        require_alone(descriptor, path)
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)


def _matching(pattern: str, root: str) -> List[str]:
    """Paths that match a pattern, whose directory has no wildcard."""
    folder, wanted = os.path.split(pattern)
    if not set("*?[") & set(wanted):
        return [pattern]
    try:
        return [os.path.join(folder, name) for name in fnmatch.filter(names(folder, root), wanted)]
    except OSError:
        return []


def _new_lines(stream: Any, cursor: Spec, cap: int) -> Tuple[List[str], float, str, int, int]:
    """Whole lines after the cursor, at most the last `cap` bytes, and how many bytes before them were passed over.

    The cursor goes by inode, so that a file that was rotated away is not read again under its new name; a file that
    became shorter is read from its start.
    """
    status = os.fstat(stream.fileno())
    inode = str(status.st_ino)
    begin = cursor.get("files", {}).get(inode, 0)
    begin = begin if begin <= status.st_size else 0
    asked = begin
    if begin < status.st_size - cap:
        begin = status.st_size - cap
        stream.seek(begin)
        begin += len(stream.readline(cap))
    stream.seek(begin)
    data = stream.read(max(0, status.st_size - begin))
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.decode("utf-8", "replace").splitlines()
    return lines, status.st_mtime, inode, begin + len(whole), begin - asked
