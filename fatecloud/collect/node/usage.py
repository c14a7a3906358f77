"""How much room services take, and what in their directories takes it."""

import re
import time
from typing import Any, Dict, Optional

from .reading import Spec, spawn

_SECONDS = 5.0
"""For one directory, and at most twice that for all: a tree of millions of files on a slow disk is left out."""
# At the lowest priority, because a look must not slow what it looks at.
# From wherever the collector is to the lowest priority: a larger number than the largest counts as that.
_WORDS = ["nice", "-n", "29", "du", "--all", "--one-file-system", "--null", "--block-size=1", "--max-depth=1", "--"]
_SHOWN = 8
_NAME = 80


def usage(spec: Spec) -> Dict[str, Any]:
    """Per service: its directories by kind (`data`, `logs`), each with its bytes, and those of what is in it.

    A directory that cannot be weighed in time is None.
    """
    until = time.monotonic() + 2 * _SECONDS
    found: Dict[str, Any] = {}
    for service in spec.get("services", ()):
        for kind, path in sorted(service.get("places", {}).items()):
            left = min(_SECONDS, until - time.monotonic())
            found.setdefault(service["key"], {})[kind] = _weighed(path, left) if left > 0 else None
    return found


def _weighed(path: str, seconds: float) -> Optional[Dict[str, Any]]:
    """Bytes on disk of a directory and of its entries; no other file system, and nothing that a link leads to.

    Entries whose names differ in digits only are counted together: the directory of each job has another name.
    """
    ended = spawn([*_WORDS, path], timeout=seconds)
    rows = [row.partition("\t") for row in ended.stdout.split("\0") if row]
    if ended.error or not rows:
        return None
    entries: Dict[str, Dict[str, int]] = {}
    for size, _, name in rows[:-1]:  # the last one is the directory itself
        kind = entries.setdefault(re.sub("[0-9]+", "N", name[len(path) + 1 :])[:_NAME], {"bytes": 0, "count": 0})
        kind["bytes"] += int(size)
        kind["count"] += 1
    largest = sorted(entries, key=lambda name: -entries[name]["bytes"])[:_SHOWN]
    return {"bytes": int(rows[-1][0]), "entries": {name: entries[name] for name in largest}}
