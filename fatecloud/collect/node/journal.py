"""Entries of a unit in systemd's journal, as records."""

import contextlib
import json
import subprocess
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

from .records import Record, Spec, level_of, stamp_of

_ENTRIES = 3000  # of the journal, before levels and noise are sieved out
_JOURNAL_BYTES = 16 << 20
_JOURNAL_SECONDS = 10.0
_PRIORITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
_UNPRINTED = "(an entry of more than 4096 bytes, which journalctl does not print)"


def entries_of(spec: Spec, cursor: Spec) -> Tuple[List[Record], Optional[str], bool]:
    """Entries in order of time, the cursor of the last one, and whether older ones were not read."""
    argv = ["journalctl", "-q", "--no-pager", "-o", "json", "-u", spec["unit"]]
    after = cursor.get("journal")
    if after:
        # Forwards: what is too much for one answer comes with the next one.
        argv += ["--after-cursor", after]
    else:
        # From the newest backwards: a journal has years.
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
    child: Any = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
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
    # Killed by our timer, without which a journal on a broken disk would keep the node's answer.
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
