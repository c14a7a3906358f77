"""The JVMs of a node: those that it has, and the one in which a service runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fatecloud.model.artifact import Artifact
from fatecloud.model.trees import Tree

JavaSource = Literal["node", "package", "imported"]
"""Whose it is: the node's own, one from a package of its distribution, or an archive that an operator imported."""


@dataclass(frozen=True, slots=True)
class Java:
    """The JVM in which a service runs."""

    home: str
    """Absolute directory with `bin/java`."""
    major: int
    """Feature release: 8, 17, ... The flags that it understands depend on it."""
    source: JavaSource
    package: str = ""
    """The distribution's package that brings it."""
    tree: Tree | None = None
    """The imported archive, as the node's store unpacks it."""

    @property
    def program(self) -> str:
        """The command that starts it."""
        return f"{self.home}/bin/java"

    @property
    def record(self) -> dict[str, Any]:
        """The choice as a node's manifest keeps it."""
        archive = {"root": self.tree.root, **asdict(self.tree.artifacts[0])} if self.tree else None
        return {
            "home": self.home,
            "major": self.major,
            "source": self.source,
            "package": self.package,
            "archive": archive,
        }

    @classmethod
    def recorded(cls, entry: Mapping[str, Any]) -> Java:
        """The choice that a manifest has; its form was compared when it arrived."""
        archive, tree = entry["archive"], None
        if archive:
            artifact = Artifact(**{name: value for name, value in archive.items() if name != "root"})
            tree = Tree(artifact.name, (artifact,), archive["root"])
        return cls(entry["home"], entry["major"], entry["source"], entry["package"], tree)


@dataclass(frozen=True, slots=True)
class Jdk:
    """An archive with a JVM that an operator imported into the controller's store."""

    major: int
    version: str
    arch: str
    """As `uname -m` prints it."""
    glibc: str
    """Oldest glibc that it runs with."""
    tree: Tree


@dataclass(frozen=True, slots=True)
class FoundJava:
    """A JVM that is on a node, as it described itself when it was started there."""

    homes: tuple[str, ...]
    """The names that lead to it."""
    major: int
    version: str
    """`17.0.12`."""
    vm: str
    """`OpenJDK 64-Bit Server VM`."""
    problem: str = ""
    """Why it cannot be used; empty if it can."""

    def __str__(self) -> str:
        return f"{self.homes[0]}: {self.problem or f'{self.vm} {self.version}'}"
