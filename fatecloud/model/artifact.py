"""Files that a release consists of, known by their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ArtifactKind = Literal["interpreter", "installer", "wheel", "sdist"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file that a release needs, known by its content."""

    name: str
    """What it is, with its version: `torch==1.12.1`, `cpython==3.10.13`."""
    filename: str
    sha256: str
    size: int
    """Bytes."""
    kind: ArtifactKind
