"""The node's register of clusters: which cluster has which base directory on this machine."""

import json
import os
from typing import Any, Dict, List, Optional, Tuple

from .opening import names, text_in
from .reading import Spec, Unreadable

_MOST = 100
_LONGEST = 4096
_KEYS = ("id", "cluster", "node", "base")


def register(spec: Spec) -> List[Dict[str, Any]]:
    """Entries of the machine's register and of this login's own, each with whether its base has a record of ours."""
    layout = spec["layout"]
    places = [place for folder in layout["registers"] for place in _paths(os.path.expanduser(folder))]
    found = [_entry(folder, name, layout["record"]) for folder, name in places]
    return [entry for entry in found if entry]


def _paths(folder: str) -> List[Tuple[str, str]]:
    try:
        there = sorted(name for name in names(folder) if name.endswith(".json"))[:_MOST]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unreadable("%s: %s" % (folder, error.strerror))
    return [(folder, name) for name in there]


def _entry(folder: str, name: str, record: str) -> Optional[Dict[str, Any]]:
    try:
        # An entry decides whose a directory is, so it counts only if no one else could have written it.
        entry = json.loads(text_in(os.path.join(folder, name), _LONGEST, believed=True, inside=folder))
    except (ValueError, RecursionError, OSError):
        return None  # the next run of its cluster writes it again
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in _KEYS):
        return None
    kept: Dict[str, Any] = {key: entry[key] for key in _KEYS}
    kept["there"] = os.path.exists(os.path.join(entry["base"], record))
    return kept
