"""The node's store: artifacts, and what was unpacked of them."""

import os
from typing import Any, Dict, List

from . import listing
from .hashes import sha256
from .opening import names, text_in
from .reading import Spec

_BROUGHT = ("artifacts", "incoming", "tmp")
"""Directories of the store whose entries were not made on the node."""


def store(spec: Spec) -> Dict[str, Any]:
    """What the node's store holds: asked artifacts, and by directory what was made of artifacts and is complete.

    `changed` names the trees of which not every file is as it was when they were unpacked.
    """
    root = spec["layout"]["store"]
    asked = spec.get("store", {}).get("artifacts", ())
    made = {kind: _complete("%s/%s" % (root, kind)) for kind in _plain_files(root) if kind not in _BROUGHT}
    return {
        "artifacts": {sha: any(_plain_files("%s/artifacts/%s" % (root, sha))) for sha in asked},
        "made": made,
        "changed": sorted(path for path in made.get("tree", ()) if _is_changed("%s/tree/%s" % (root, path))),
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
