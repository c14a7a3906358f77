"""Reads the logs of one service on a node: files and journal, cut into records, filtered, bounded.

Whatever a service writes, the answer has at most `_ANSWER` bytes: the newest records are kept, and what was left out is
counted. Log files and their directories are the services' own, so no link in them is followed, and what is not a
regular file, or has a second name, is named and left out.
"""

import contextlib
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time

from .hints import Any, Dict, List, Optional, Tuple
from .opening import below, names, opened, require_alone
from .records import LEVELS, Record, level_of, records, shortened, stamp_of

_FILES = 200
_ENTRIES = 3000  # of the journal, before levels and noise are sieved out
_ANSWER = 4 << 20
_ALL_FILES = 64 << 20
_JOURNAL_BYTES = 16 << 20
_JOURNAL_SECONDS = 10.0
_DEEPEST = 8
_NAMED = 20  # of what is left out
_PRIORITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
_UNPRINTED = "(an entry of more than 4096 bytes, which journalctl does not print)"

Spec = Dict[str, Any]


class Sieve(object):
    """Decides which records are shown."""

    def __init__(self, spec: Spec) -> None:
        self._since = spec.get("since")
        self._floor = LEVELS.index(spec["level"]) if spec.get("level") else 0
        self._grep = re.compile(spec["grep"], re.MULTILINE) if spec.get("grep") else None
        self._noise = [re.compile(pattern) for pattern in spec.get("noise", ())]

    def takes(self, record: Record) -> bool:
        """Whether a record passes time, level, pattern and noise."""
        if self._since is not None and record["time"] < self._since:
            return False
        if LEVELS.index(record["level"] or "info") < self._floor:
            return False
        text = "\n".join(record["lines"])
        if self._grep and not self._grep.search(text):
            return False
        return not any(noise.search(record["lines"][0]) for noise in self._noise)


class Kept(object):
    """The latest records, bounded in number and bytes, each text of one moment once; counts what it leaves out.

    A service may write one record to several files.
    """

    def __init__(self, count: int, size: int) -> None:
        self.records = []  # type: List[Record]
        self.by_count = 0
        self.by_size = 0
        self._count, self._size = count, size
        self._sizes = {}  # type: Dict[bytes, int]

    def add(self, more: List[Record]) -> None:
        """Take more records, and drop the oldest that are too many or too much."""
        # Most of a large file can be dropped before it costs much; some entries are written twice.
        spare = max(0, len(more) - 2 * self._count)
        self.by_count += spare
        for record in sorted(more, key=lambda record: record["time"])[spare:]:
            text = "%r%s" % (record["time"], "\n".join(record["lines"]))
            mark = hashlib.sha256(text.encode("utf-8", "replace")).digest()
            if mark not in self._sizes:
                short = shortened(record)
                self._sizes[mark] = len(json.dumps(short))
                self.records.append(dict(short, mark=mark))
        self.records.sort(key=lambda record: record["time"])
        first = max(0, len(self.records) - self._count)
        self.by_count += first
        size = 0
        for place in range(len(self.records) - 1, first - 1, -1):
            size += self._sizes[self.records[place]["mark"]]
            if size > self._size:
                self.by_size += place + 1 - first
                first = place + 1
                break
        del self.records[:first]

    def answer(self) -> List[Record]:
        """The records, as they travel."""
        return [{name: record[name] for name in ("time", "level", "file", "lines")} for record in self.records]


def read(spec: Spec) -> Dict[str, Any]:
    """What the spec asks for.

    Returns:
        `records` (time, level, file, lines) in order of time, at most `lines` of them, no record twice; `cursor` for
        the next call; `problems` with what could not be read; `files`, how many there were; `cut` with what the answer
        lacks: records left out by `count` and by `size`, bytes `unread`, and whether a part of the `journal` was.
    """
    sieve = Sieve(spec)
    cursor = spec.get("cursor") or {}
    moved = {"files": {}, "journal": cursor.get("journal")}  # type: Dict[str, Any]
    problems = []  # type: List[str]
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
            unread += skipped
        kept.add([dict(record, file=name) for record in records(lines, first) if sieve.takes(record)])
    partly = False
    if spec.get("unit"):
        try:
            entries, moved["journal"], partly = _journal(spec, cursor)
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


def _journal(spec: Spec, cursor: Spec) -> Tuple[List[Record], Optional[str], bool]:
    """Entries in order of time, the cursor of the last one, and whether older ones were not read."""
    argv = ["journalctl", "-q", "--no-pager", "-o", "json", "-u", spec["unit"]]
    after = cursor.get("journal")
    if after:
        # Forwards: what is too much for one answer comes with the next one.
        argv += ["--after-cursor", after]
    else:
        argv += ["-r", "-n", str(max(spec["lines"], _ENTRIES))]
        if spec.get("since") is not None:
            argv += ["--since", "@%d" % spec["since"]]
    lines, whole = _first_lines(argv, spec.get("journal_bytes", _JOURNAL_BYTES))
    entries = [json.loads(line) for line in lines]
    if not after:
        entries.reverse()
    last = entries[-1]["__CURSOR"] if entries else after
    return [_entry(entry) for entry in entries], last, not (whole or after)


def _first_lines(argv: List[str], cap: int) -> Tuple[List[str], bool]:
    """The first whole lines of a command's output, at most `cap` bytes of them, and whether that was all."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # type: Any
    timer = threading.Timer(_JOURNAL_SECONDS, child.kill)
    timer.start()
    try:
        data = child.stdout.read(cap + 1)
        whole = len(data) <= cap
    finally:
        with contextlib.suppress(OSError):
            child.kill()
        child.stdout.close()
        late = child.wait() < 0 and whole and not timer.is_alive()
        timer.cancel()
    if late:
        raise ValueError("journalctl did not end within %g s" % _JOURNAL_SECONDS)
    data = data[: data.rfind(b"\n") + 1]
    return data.decode("utf-8", "replace").splitlines(), whole


def _entry(entry: Dict[str, Any]) -> Record:
    message = _message(entry.get("MESSAGE", ""))
    moment = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    level = level_of(message) or _PRIORITIES[_priority(entry.get("PRIORITY"))]
    head = "" if stamp_of(message) is not None else "%s [%s] " % (shown, entry.get("SYSLOG_IDENTIFIER", "journal"))
    return {"time": moment, "level": level, "file": "journal", "lines": [head + message]}


def _message(value: Any) -> str:
    """Text of a message: of bytes where it is not UTF-8. A service may give an entry several, or none that is text."""
    if value is None:
        return _UNPRINTED
    if isinstance(value, list) and all(isinstance(one, int) for one in value):
        return bytes(value).decode("utf-8", "replace")
    return "\n".join(map(_message, value)) if isinstance(value, list) else str(value)


def _priority(value: Any) -> int:
    """Number of a priority; that of plain information for what a service gave in its place."""
    return int(value) if isinstance(value, str) and value in "01234567" and len(value) == 1 else 6
