"""Files that services of a node share: an unpacked archive, or a set of jars."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.artifact import Artifact

SUPERVISOR = "supervisor"
"""The tree with supervisor's code, which the node's own Python runs."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory that a node makes of artifacts, once. It is root's, and no service can change it."""

    name: str
    artifacts: tuple[Artifact, ...]
    """Archives and wheels are unpacked into it, a jar lies in its `lib`."""
    root: str = ""
    """Directory inside the archives that becomes the tree; empty: the archive's own top."""

    @property
    def known(self) -> bool:
        """Whether it is known what it is made of. That of a package is only known where the package was imported."""
        return bool(self.artifacts)

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
    """Directory below the tree in which the software writes -> absolute directory below the service's data, logs or
    `run` that it is instead."""
    copied: bool = False
    """Whether the service has copies of the tree's files. Left out, it has links, which software that asks for the real
    path of its own files (`readlink -f`, `realpath`) follows out of its home."""

    def __post_init__(self) -> None:
        """Refuse paths that are not below the tree.

        Raises:
            ValueError: with the path.
        """
        for path in self.writes:
            if path.startswith("/") or posixpath.normpath(path) != path or path.split("/")[0] in ("", ".", ".."):
                raise ValueError(f"tree {self.name}: {path!r} is not a path below it")


@dataclass(frozen=True, slots=True)
class PlacedTree:
    """A tree as a service sees it."""

    tree: Tree
    path: str
    """Absolute directory in the service's home."""
    writes: Mapping[str, str]
    copied: bool
    files: tuple[str, ...]
    """Paths below it of files that are rendered for this service."""

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides what the directory holds, besides the content of its rendered files."""
        shown = [self.tree.digest, self.path, sorted(self.writes.items()), self.copied, sorted(self.files)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()

    @property
    def marker(self) -> str:
        """What the file says that shows that the directory is complete: the tree that it shows, and how."""
        return f"{self.tree.digest}\n{self.digest}\n"
