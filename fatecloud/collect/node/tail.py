"""Reads the logs of one service on a node: files and journal, cut into records, filtered, bounded.

Whatever a service writes, the answer has at most `_ANSWER` bytes: the newest records are kept, and what was left out is
counted. Log files and their directories are the services' own, so no link in them is followed.
"""

import contextlib
import glob
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time

from .hints import Any, Dict, Iterator, List, Optional, Tuple
from .records import LEVELS, Record, level_of, records, shortened, stamp_of

_FILES = 200
_ENTRIES = 3000  # of the journal, before levels and noise are sieved out
_ANSWER = 4 << 20
_ALL_FILES = 64 << 20
_JOURNAL_BYTES = 16 << 20
_JOURNAL_SECONDS = 10.0
_DEEPEST = 8
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
    paths = _newest(spec)
    for path, root, name in paths:
        try:
            with _opened(path, root) as stream:
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


def _newest(spec: Spec) -> List[Tuple[str, str, str]]:
    """The latest files that are asked for, latest first, each with the tree that it belongs to or an empty string."""
    own = spec.get("root", "")
    found = [path for pattern in spec["paths"] for path in glob.glob(pattern)]
    named = [(path, own if own and path.startswith(own + "/") else "", path) for path in found]
    named += [(path, root, os.path.relpath(path, root)) for root in spec.get("trees", ()) for path in _below(root)]
    since = spec.get("since")
    aged = []
    for path, root, name in sorted(set(named)):
        try:
            status = os.lstat(path)
        except OSError:
            continue  # rotated away while we were looking
        if stat.S_ISREG(status.st_mode) and (since is None or status.st_mtime >= since):
            aged.append((status.st_mtime, path, root, name))
    return [(path, root, name) for _, path, root, name in sorted(aged, reverse=True)[:_FILES]]


def _below(root: str) -> Iterator[str]:
    """Every file of a tree, no link followed, not even at its root."""
    if os.path.islink(root):
        return
    for folder, folders, names in os.walk(root):
        if folder.count("/") - root.count("/") >= _DEEPEST:
            del folders[:]
        for name in names:
            yield os.path.join(folder, name)


def _opened(path: str, root: str) -> Any:
    """A file, opened without following a link at its end, nor anywhere below its root. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    if not root:
        return os.fdopen(os.open(path, flags), "rb")
    *folders, name = os.path.relpath(path, root).split("/")
    # Directories are only passed through, which needs no right to list them.
    through = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY
    descriptor = os.open(root, through)
    try:
        for folder in folders:
            above, descriptor = descriptor, os.open(folder, through, dir_fd=descriptor)
            os.close(above)
        return os.fdopen(os.open(name, flags, dir_fd=descriptor), "rb")
    finally:
        os.close(descriptor)


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
    message = entry.get("MESSAGE", "")
    if message is None:
        message = _UNPRINTED
    elif not isinstance(message, str):
        message = bytes(message).decode("utf-8", "replace")
    moment = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    level = level_of(message) or _PRIORITIES[int(entry.get("PRIORITY", 6))]
    head = "" if stamp_of(message) is not None else "%s [%s] " % (shown, entry.get("SYSLOG_IDENTIFIER", "journal"))
    return {"time": moment, "level": level, "file": "journal", "lines": [head + message]}
