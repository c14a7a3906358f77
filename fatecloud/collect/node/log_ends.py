"""The ends of the services' logs."""

import fnmatch
import glob
import os
import re
from typing import Any, Dict, List, Optional

from .opening import names, opened, require_alone
from .reading import Spec

_TAIL = 64 << 10
_LOGS = 200
"""Files that one pattern may match."""
_LINE = 500
_KEPT = 5
_LEVEL = re.compile(r"\[(?:ERROR|CRITICAL|FATAL)\]")
_WORD = re.compile(r"\bERROR\b|\[(?:error|crit|alert|emerg)\]|\berror:", re.MULTILINE)


def logs(spec: Spec) -> Dict[str, Any]:
    """The end of each service's logs: size, age, last line, last lines that report an error."""
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
    return {
        "size": status.st_size,
        "mtime": status.st_mtime,
        "last_line": written[-1][:_LINE] if written else "",
        "errors": _errors(written, pattern),
    }


def _errors(lines: List[str], pattern: Any) -> List[str]:
    """Lines at error level, and of each traceback the line that names the exception."""
    kept = []
    inside = False
    for line in lines:
        if line.startswith("Traceback (most recent call last)"):
            inside = True
        elif inside and not line.startswith((" ", "\t")):
            inside = False
            kept.append(line[:_LINE])
        elif not inside and pattern.search(line):
            kept.append(line[:_LINE])
    return kept[-_KEPT:]
