"""Files that a release consists of, known by their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ArtifactKind = Literal["interpreter", "installer", "wheel", "sdist", "jar", "archive"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file that a release needs, known by its content."""

    name: str
    """What it is, with its version: `torch==1.12.1`, `cpython==3.10.13`; of a Maven artifact its coordinates."""
    filename: str
    sha256: str
    size: int
    """Bytes."""
    kind: ArtifactKind

    @property
    def coordinates(self) -> str:
        """`group:artifact:version:type[:classifier]` of what a Maven registry has; empty for all else."""
        return self.name if ":" in self.name else ""
