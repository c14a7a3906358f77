"""What a plan was made from, node by node, so that a lease can be refused where that has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fatecloud.model.observed import Observed


def shown_states(observed: Observed) -> dict[str, dict[str, Any]]:
    """Node -> `paths` of the files that were read, and the `digest` of these and of the node's manifest.

    The module that takes the lease works out the same digest on the node (`fatecloud_lease`). A service that has
    stopped or started by itself since does not count.
    """
    return {name: _state(observed, name) for name in sorted(observed.nodes) if observed.reached(name)}


def _state(observed: Observed, name: str) -> dict[str, Any]:
    facts = observed.reached(name)
    files: Mapping[str, Any] = (facts.fact("files").value if facts else None) or {}
    hashes = {path: file["sha256"] if file else None for path, file in files.items()}
    manifest = facts.fact("manifest").value if facts else None
    text = json.dumps({"files": hashes, "manifest": manifest}, sort_keys=True)
    return {"paths": sorted(files), "digest": hashlib.sha256(text.encode()).hexdigest()}
