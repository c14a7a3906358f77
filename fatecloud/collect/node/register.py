"""The node's register of clusters: which cluster has which base directory on this machine."""

import json
import os

from .hints import Any, Dict, List, Optional
from .reading import Unreadable, text_of

SHARED = "/var/lib/fatecloud/clusters.d"
OWN = "~/.local/share/fatecloud/clusters.d"
_MOST = 100
_LONGEST = 4096
_KEYS = ("id", "cluster", "node", "base")


def register() -> List[Dict[str, Any]]:
    """Entries of the machine's register and of this login's own, each with whether its base has a record of ours."""
    found = [_entry(path) for path in _paths(SHARED, 0) + _paths(os.path.expanduser(OWN), os.geteuid())]
    return [entry for entry in found if entry]


def _paths(folder: str, owner: int) -> List[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))[:_MOST]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unreadable("%s: %s" % (folder, error.strerror))
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if _owner(path) == owner and not os.path.islink(path)]


def _owner(path: str) -> Optional[int]:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None  # another run has just removed it


def _entry(path: str) -> Optional[Dict[str, Any]]:
    try:
        entry = json.loads(text_of(path, _LONGEST))
    except (ValueError, RecursionError, Unreadable):
        return None  # the next run of its cluster writes it again
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in _KEYS):
        return None
    kept = {key: entry[key] for key in _KEYS}  # type: Dict[str, Any]
    kept["there"] = os.path.exists(os.path.join(entry["base"], ".fatecloud/manifest.json"))
    return kept
