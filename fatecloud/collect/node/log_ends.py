"""The ends of the services' logs."""

import fnmatch
import glob
import os
import re
from typing import Any, Dict, List, Optional

from .endings import shift
from .opening import names, opened, require_alone
from .reading import Spec
from .records import stamp_of

_TAIL = 64 << 10
_LOGS = 200
"""Files that one pattern may match."""
_LINE = 500
_KEPT = 5
_BEFORE = 200
"""Lines before an error in which a stamp is looked for: those of a traceback have none."""
_LEVEL = re.compile(r"\[(?:ERROR|CRITICAL|FATAL)\]")
_WORD = re.compile(r"\bERROR\b|\[(?:error|crit|alert|emerg)\]|\berror:", re.MULTILINE)


def logs(spec: Spec) -> Dict[str, Any]:
    """The end of each service's logs: size, age, last line, last lines that report an error, and when each was written.

    That is None for a line without a stamp, of its own or before it.
    """
    found: Dict[str, Any] = {}
    for service in spec.get("services", ()):
        for log in service.get("logs", ()):
            matches = _matching(log["path"]) if glob.has_magic(log["path"]) else [log["path"]]
            if not matches:
                found[log["path"]] = None
            for path in matches:
                found[path] = _log(path, _LEVEL if log.get("levels") else _WORD)
    return found


def _matching(pattern: str) -> List[str]:
    """Paths that match a pattern, whose directory has no wildcard."""
    folder, wanted = os.path.split(pattern)
    try:
        found = fnmatch.filter(names(folder), wanted)
    except OSError:
        return []
    return sorted(os.path.join(folder, name) for name in found)[:_LOGS]


def _log(path: str, pattern: Any) -> Optional[Dict[str, Any]]:
    try:
        with os.fdopen(opened(path), "rb") as stream:
            require_alone(stream.fileno(), path)
            status = os.fstat(stream.fileno())
            # The end alone: a log may have gigabytes.
            stream.seek(max(0, status.st_size - _TAIL))
            tail = stream.read(_TAIL).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return {"error": error.strerror}
    # The last line may be in the middle of being written.
    whole = tail[: tail.rfind("\n") + 1].splitlines()
    written = [line for line in whole if line.strip()]
    errors = _errors(written, pattern)
    stamps = [_written(written, number) for number in errors]
    # Most logs have no error, and then no zone is needed.
    zone = shift(_written(written, len(written) - 1), status.st_mtime) if errors else 0.0
    return {
        "size": status.st_size,
        "mtime": status.st_mtime,
        "last_line": written[-1][:_LINE] if written else "",
        "errors": [written[number][:_LINE] for number in errors],
        "stamps": [None if stamp is None else stamp + zone for stamp in stamps],
    }


def _written(lines: List[str], number: int) -> Optional[float]:
    """When a line was written: its own stamp, or the last one before it."""
    before = reversed(lines[max(0, number - _BEFORE) : number + 1])
    return next((stamp for stamp in map(stamp_of, before) if stamp is not None), None)


def _errors(lines: List[str], pattern: Any) -> List[int]:
    """Numbers of the lines at error level, and of each traceback's line that names the exception."""
    kept = []
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("Traceback (most recent call last)"):
            inside = True
        elif inside and not line.startswith((" ", "\t")):
            inside = False
            kept.append(number)
        elif not inside and pattern.search(line):
            kept.append(number)
    return kept[-_KEPT:]
