"""A release as the catalogue describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.compatibility import Incompatible, incompatibility
from fatecloud.model.package import PackageNeed
from fatecloud.model.python import PythonRequirement
from fatecloud.model.runtime import JavaRange
from fatecloud.model.trees import Tree

DISTRIBUTION = "distribution"
"""The version of a component that comes from the node's own packages: only the node knows which one."""

SEEN_STEPS = ("deployed", "probed", "job")
"""What a component of a release was seen to do: it was deployed, `check` asked it, it took part in a job."""
SEEN_ON = ("real", "fixture")
"""Upstream's own software, or a stand-in of the tests with the same interfaces."""


@dataclass(frozen=True, slots=True)
class Release:
    """A named set of component versions that belong together."""

    name: str
    summary: str
    arch: str
    """Processor that the artifacts run on, as `uname -m` prints it."""
    components: Mapping[str, str]
    """Component -> version, or `DISTRIBUTION`."""
    minimum: Mapping[str, Mapping[str, str]]
    """Component from the distribution -> product -> the oldest version that was seen to work."""
    architectures: tuple[str, ...]
    unsupported: Mapping[str, str]
    """Architecture that upstream has and fatecloud does not deploy yet -> why."""
    pythons: Mapping[str, PythonRequirement] = field(default_factory=dict)
    """Name of a Python set -> what it needs; a component says by its runtime in which one it runs."""
    java: Mapping[str, JavaRange] = field(default_factory=dict)
    """Component that needs a JVM -> which."""
    trees: Mapping[str, Tree] = field(default_factory=dict)
    """Name -> archives and jars that are not installed by anything, only unpacked."""
    packages: Mapping[str, PackageNeed] = field(default_factory=dict)
    """Kind -> what no registry has, and upstream publishes as an archive. Imported, it is a tree."""
    apart: Mapping[str, str] = field(default_factory=dict)
    """Component of another release that a party of this one cannot use, although a group may have it -> why."""
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Component -> configuration keys with the release's own defaults."""
    incompatible: tuple[Incompatible, ...] = ()
    """With which versions of FATE its parties cannot run jobs; of a group's release, which cannot use its services."""
    replaces: tuple[str, ...] = ()
    """Names of the releases whose services become services of this one in place, with their data."""

    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Component -> one of `SEEN_STEPS` -> one of `SEEN_ON`: what a test or a person saw it do, kept by hand."""

    @property
    def fate(self) -> str:
        """Its version of FATE; empty for a release without it."""
        return self.components.get("fate", "")

    def apart_from(self, fate: str) -> str:
        """Why its parties cannot run jobs with one on a version of FATE; empty if nothing is known against it."""
        return incompatibility(self.fate, self.incompatible, fate)
