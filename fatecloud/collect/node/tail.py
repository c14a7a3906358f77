"""Reads the logs of one service on a node: files and journal, cut into records, filtered, bounded.

Piped to the node by itself (Python 3.6, standard library only) and imported by the tests.
"""

import calendar
import glob
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

LEVELS = ("debug", "info", "warning", "error", "critical")
_FILES = 200
_ENTRIES = 3000  # of the journal, before levels and noise are sieved out
_LINE = 4000
_RECORD_LINES = 60
_HEAD = 160
_WORDS = {
    "debug": "debug",
    "trace": "debug",
    "info": "info",
    "note": "info",
    "notice": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "err": "error",
    "fatal": "critical",
    "crit": "critical",
    "critical": "critical",
    "alert": "critical",
    "emerg": "critical",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d(?!\d))?")
_CLF = re.compile(r"\[(\d\d)/([A-Z][a-z][a-z])/(\d{4})[: ](\d\d):(\d\d):(\d\d)(?: ([+-]\d{4}))?\]")
_BRACKETED = re.compile(r"\[\s*([A-Za-z]+)\s*\]")
_BARE = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
_STATUS = re.compile(r'" (\d{3})(?: |$)')
_PRIORITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")

Record = Dict[str, Any]
Spec = Dict[str, Any]


def stamp_of(line: str) -> Optional[float]:
    """Seconds since the epoch that a line carries near its beginning; a stamp without a zone is the node's time."""
    head = line[:_HEAD]
    try:
        found = _ISO.search(head)
        if found:
            year, month, day, hour, minute, second, fraction, zone = found.groups()
            return _epoch((year, month, day, hour, minute, second), zone) + float("0." + (fraction or "0"))
        found = _CLF.search(head)
        if found and found.group(2) in _MONTHS:
            day, name, year, hour, minute, second, zone = found.groups()
            return _epoch((year, str(_MONTHS.index(name) + 1), day, hour, minute, second), zone)
    except (ValueError, OverflowError):
        pass  # digits that only look like a date
    return None


def level_of(line: str) -> Optional[str]:
    """Level of a record by its first line, None when it tells none."""
    head = line[:_HEAD]
    for word in _BRACKETED.findall(head):
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
    found = _BARE.search(head)
    if found:
        return _WORDS[found.group(1).lower()]
    found = _STATUS.search(line) if _CLF.search(head) else None
    if found:
        return "error" if found.group(1) >= "500" else "info"
    return None


def records(lines: List[str], fallback: float) -> Iterator[Record]:
    """Cut lines into records: a line without a stamp of its own goes on with the record before it.

    Args:
        lines: of one file, in order.
        fallback: time of lines before the first stamp.
    """
    current = None  # type: Optional[Record]
    for raw in lines:
        line = raw[:_LINE].rstrip()
        stamp = stamp_of(line)
        level = level_of(line)
        if current is not None and stamp is None and (level is None or not line.startswith("[")):
            if len(current["lines"]) < _RECORD_LINES:
                current["lines"].append(line)
            if current["level"] is None and line.startswith("Traceback (most recent call last)"):
                current["level"] = "error"
            continue
        if current is not None:
            yield current
        before = current["time"] if current else fallback
        if level is None and line.startswith("Traceback (most recent call last)"):
            level = "error"
        current = {"time": before if stamp is None else stamp, "level": level, "lines": [line]}
    if current is not None:
        yield current


class Sieve(object):
    """Decides which records are shown."""

    def __init__(self, spec: Spec) -> None:
        self._since = spec.get("since")
        self._floor = LEVELS.index(spec["level"]) if spec.get("level") else 0
        self._grep = re.compile(spec["grep"]) if spec.get("grep") else None
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


def read(spec: Spec) -> Dict[str, Any]:
    """What the spec asks for.

    Returns:
        `records` (time, level, file, lines) in order of time, at most `lines` of them, no record twice; `cursor` for
        the next call; `problems` with what could not be read.
    """
    sieve = Sieve(spec)
    cursor = spec.get("cursor") or {}
    moved = {"files": {}, "journal": cursor.get("journal")}  # type: Dict[str, Any]
    problems = []  # type: List[str]
    found = []  # type: List[Record]
    for path in _newest(spec["paths"], spec.get("since")):
        try:
            lines, mtime, inode, offset = _new_lines(path, cursor, spec["bytes"])
        except OSError as error:
            problems.append("%s: %s" % (path, error.strerror))
            continue
        moved["files"][inode] = offset
        first = next((stamp for stamp in map(stamp_of, lines) if stamp is not None), mtime)
        kept = [record for record in records(lines, first) if sieve.takes(record)]
        found = _last(found, [dict(record, file=path) for record in kept], spec["lines"])
    if spec.get("unit"):
        try:
            lines_of_journal, moved["journal"] = _journal(spec, cursor)
            found = _last(found, [record for record in lines_of_journal if sieve.takes(record)], spec["lines"])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problems.append("journal of %s: %s" % (spec["unit"], error))
    return {"version": 1, "records": found, "cursor": moved, "problems": problems}


def main(spec: Spec) -> None:
    """Print the answer as one JSON document."""
    sys.stdout.write("\n" + json.dumps(read(spec)) + "\n")


def _last(before: List[Record], more: List[Record], count: int) -> List[Record]:
    """The latest records of both, in order, each text of one moment once: a service may write it to several files."""
    seen = set()
    merged = []
    for record in sorted(before + more, key=lambda r: r["time"]):
        text = "%r%s" % (record["time"], "\n".join(record["lines"]))
        mark = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        if mark not in seen:
            seen.add(mark)
            merged.append(record)
    return merged[-count:]


def _newest(patterns: List[str], since: Optional[float]) -> List[str]:
    aged = []
    for path in sorted({path for pattern in patterns for path in glob.glob(pattern)}):
        try:
            status = os.stat(path)
        except OSError:
            continue  # rotated away while we were looking
        if stat.S_ISREG(status.st_mode) and (since is None or status.st_mtime >= since):
            aged.append((status.st_mtime, path))
    return [path for _, path in sorted(aged)[-_FILES:]]


def _new_lines(path: str, cursor: Spec, cap: int) -> Tuple[List[str], float, str, int]:
    """Whole lines after the cursor, at most the last `cap` bytes; a truncated or new file is read from its start.

    The cursor goes by inode, so that a file that was rotated away is not read again under its new name.
    """
    with open(path, "rb") as stream:
        status = os.fstat(stream.fileno())
        inode = str(status.st_ino)
        begin = cursor.get("files", {}).get(inode, 0)
        begin = begin if begin <= status.st_size else 0
        if begin < status.st_size - cap:
            begin = status.st_size - cap
            stream.seek(begin)
            begin += len(stream.readline())
        stream.seek(begin)
        data = stream.read(cap)
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace").splitlines(), status.st_mtime, inode, begin + len(whole)


def _journal(spec: Spec, cursor: Spec) -> Tuple[List[Record], Optional[str]]:
    argv = ["journalctl", "-q", "--no-pager", "-o", "json", "-u", spec["unit"]]
    after = cursor.get("journal")
    if after:
        argv += ["--after-cursor", after]
    else:
        argv += ["-n", str(max(spec["lines"], _ENTRIES))]
        if spec.get("since") is not None:
            argv += ["--since", "@%d" % spec["since"]]
    done = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = done.communicate(timeout=10)[0].decode("utf-8", "replace")
    found = []
    for line in text.splitlines():
        entry = json.loads(line)
        after = entry["__CURSOR"]
        message = entry.get("MESSAGE") or ""
        if not isinstance(message, str):
            message = bytes(message).decode("utf-8", "replace")
        moment = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
        shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
        level = level_of(message) or _PRIORITIES[int(entry.get("PRIORITY", 6))]
        head = "" if stamp_of(message) is not None else "%s [%s] " % (shown, entry.get("SYSLOG_IDENTIFIER", "journal"))
        lines = [head + message[:_LINE]]
        found.append({"time": moment, "level": level, "file": "journal", "lines": lines})
    return found, after


def _epoch(parts: Tuple[str, ...], zone: Optional[str]) -> float:
    year, month, day, hour, minute, second = (int(part) for part in parts)
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):  # noqa: PLR2004 - the calendar
        raise ValueError("no date")
    fields = (year, month, day, hour, minute, second, 0, 0, -1)
    if zone is None:
        return time.mktime(fields)
    shift = 0
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        shift = (int(digits[:2]) * 60 + int(digits[2:4])) * (60 if zone[0] == "+" else -60)
    return calendar.timegm(fields) - shift
