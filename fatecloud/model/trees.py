"""Files that services of a node share: an unpacked archive, or a set of jars."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory that a node makes of artifacts, once. It is root's, and no service can change it."""

    name: str
    artifacts: tuple[Artifact, ...]
    """Archives and wheels are unpacked into it, a jar lies in its `lib`."""
    root: str = ""
    """Directory inside the archives that becomes the tree; empty: the archive's own top."""

    @property
    def digest(self) -> str:
        """SHA-256 over what it is made of, in hexadecimal: its name in the node's store."""
        parts = sorted(f"{artifact.sha256} {artifact.filename}" for artifact in self.artifacts)
        return hashlib.sha256("\n".join([*parts, self.root]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TreeUse:
    """How a component uses a tree of its release: it sees it below its own home, at `context.tree(name)`."""

    name: str
    """Of the tree, among `Release.trees`."""
    writes: Mapping[str, str] = field(default_factory=dict)
    """Directory below the tree in which the software writes -> absolute directory of the service that it is instead."""
    copied: bool = False
    """Whether the service has a copy of its files. Left out, it has links, which software that asks for the real path
    of its own files (`readlink -f`, `realpath`) follows out of its home."""


@dataclass(frozen=True, slots=True)
class PlacedTree:
    """A tree as a service sees it."""

    tree: Tree
    path: str
    """Absolute directory in the service's home."""
    writes: Mapping[str, str]
    copied: bool
