"""The state of each node when a plan was made, so that the lease is refused if it has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fatecloud.model.observed import Observed


def shown_states(observed: Observed) -> dict[str, dict[str, Any]]:
    """Node -> `paths` of the files that were read, and the `digest` of these and of the node's manifest.

    The module that takes the lease works out the same digest on the node (`fatecloud_lease`). Services that stopped or
    started by themselves do not change it.
    """
    return {name: _state(observed, name) for name in sorted(observed.nodes) if observed.reached(name)}


def _state(observed: Observed, name: str) -> dict[str, Any]:
    facts = observed.reached(name)
    files: Mapping[str, Any] = (facts.fact("files").value if facts else None) or {}
    hashes = {path: file["sha256"] if file else None for path, file in files.items()}
    manifest = facts.fact("manifest").value if facts else None
    text = json.dumps({"files": hashes, "manifest": manifest}, sort_keys=True)
    return {"paths": sorted(files), "digest": hashlib.sha256(text.encode()).hexdigest()}
