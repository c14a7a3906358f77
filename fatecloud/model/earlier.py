"""What tables of routes said before runs changed them: the node keeps a few versions, for `route undo`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Entries = Mapping[str, Mapping[str, Any] | None]
"""Path -> the manifest's entry of a file; None where there was none."""


@dataclass(frozen=True, slots=True)
class Version:
    """The tables of one service before a run changed them."""

    run: str
    """Id of the run that changed them."""
    at: float
    """When, by the node's clock: seconds since the epoch."""
    files: Entries
    undo: bool = False
    """Whether that run put an earlier version back."""

    @property
    def digests(self) -> frozenset[str]:
        """Of its texts."""
        return frozenset(entry["digest"] for entry in self.files.values() if entry)


def versions_of(manifest: Mapping[str, Any], service: str) -> tuple[Version, ...]:
    """The versions that a node's manifest has of a service, the oldest first."""
    kept = manifest.get("earlier", {}).get(service, ())
    return tuple(Version(one["run"], one["at"], one["files"], one["undo"]) for one in kept)
