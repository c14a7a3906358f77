"""What a service's tables of routes said before runs changed them, to be put back by `route undo`. Python 3.8, stdlib.

The manifest's `earlier` has the versions of each service, the oldest first. Their texts, in which no secret can be, lie
among those of what is deployed.
"""

from __future__ import annotations

import time

MOST = 5
"""Versions of one service."""


def now(manifest: object, service: str, more: list) -> dict:
    """Path -> entry of the service's tables as they are deployed; None where one is not.

    Args:
        more: further paths that are to be tables of the service.
    """
    recorded = manifest.data["files"]
    mine = [path for path, entry in recorded.items() if entry["service"] == service and entry.get("kept")]
    return {path: recorded.get(path) for path in sorted({*mine, *more})}


def note(manifest: object, service: str, run: str, files: dict, *, undo: bool = False) -> None:
    """Add a version: what tables say before a run changes them; with `undo`, to what they said before another one."""
    versions = manifest.data.setdefault("earlier", {}).setdefault(service, [])
    # A run that was killed has noted it and changed nothing.
    if versions and versions[-1]["files"] == files:
        versions.pop()
    versions.append({"run": run, "at": int(time.time()), "files": files, "undo": undo})
    del versions[:-MOST]


def digests(manifest: object) -> set:
    """Of the texts that the versions need."""
    versions = [version for some in manifest.data.get("earlier", {}).values() for version in some]
    return {entry["digest"] for version in versions for entry in version["files"].values() if entry}
