"""The node's store: artifacts, and what was unpacked of them."""

import os
from typing import Any, Dict, List

from . import listing, watched
from .hashes import sha256
from .opening import LARGEST, names, text_in
from .reading import Spec

_BROUGHT = ("artifacts", "incoming", "tmp")
"""Directories of the store whose entries were not made on the node."""
_SHOWN = 3
"""Directories of an environment that are named."""


def store(spec: Spec) -> Dict[str, Any]:
    """What the node's store holds: asked artifacts, and by directory what was made of artifacts and is complete.

    `changed` names the trees of which not every file is as it was when they were unpacked, and the interpreters and
    environments of which a directory is not (`watched`). `homes` has the asked directories of services that are not as
    they were made: path -> what is wrong.
    """
    root = spec["layout"]["store"]
    asked = spec.get("store", {}).get("artifacts", ())
    made = {kind: _complete("%s/%s" % (root, kind)) for kind in _plain_files(root) if kind not in _BROUGHT}
    return {
        "artifacts": {sha: any(_plain_files("%s/artifacts/%s" % (root, sha))) for sha in asked},
        "made": made,
        "changed": sorted(
            name
            for kind, entries in made.items()
            for name in entries
            if (_is_changed if kind == "tree" else _is_damaged)("%s/%s/%s" % (root, kind, name))
        ),
        "homes": {path: wrong for path in spec.get("homes", ()) for wrong in [_wrong(path)] if wrong},
    }


def _plain_files(folder: str) -> List[str]:
    try:
        return [name for name in names(folder) if not name.endswith(".part")]
    except OSError:
        return []


def _complete(folder: str) -> List[str]:
    """Names whose `.complete` marker says that unpacking or building them ended well."""
    try:
        there = names(folder)
    except OSError:
        return []
    return sorted(name for name in there if os.path.exists("%s/%s/.complete" % (folder, name)))


def _is_changed(tree: str) -> bool:
    """Whether a tree does not look any more as its marker says."""
    try:
        recorded = text_in("%s/%s" % (tree, listing.MARKER), 1024, believed=True).splitlines()
        digest = sha256()
        for line in listing.entries(tree):
            digest.update(line.encode("utf-8", "surrogateescape"))
    except OSError:
        return True
    return recorded[1:] != [digest.hexdigest()]


def _is_damaged(folder: str) -> bool:
    return _wrong(folder) != ""


def _wrong(folder: str) -> str:
    """What is wrong with an environment or a view of a tree; empty where nothing is, or an earlier version made it."""
    if not os.path.exists("%s/%s" % (folder, watched.MARKER)):
        return "it is gone, or was never finished"
    try:
        found = watched.changed(folder, text_in("%s/%s" % (folder, watched.RECORD), LARGEST, believed=True))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return "its record cannot be read: %s" % error
    return "not as it was made: %s" % ", ".join(found[:_SHOWN]) if found else ""
