"""The releases that fatecloud knows, as data: one YAML file for each, with a lock of hashes beside it."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fatecloud.errors import InputError
from fatecloud.model.artifact import Artifact, ArtifactKind
from fatecloud.model.cluster import Cluster
from fatecloud.model.compatibility import Incompatible
from fatecloud.model.package import PackageNeed
from fatecloud.model.python import PythonRequirement, RegistryInterpreter
from fatecloud.model.release import Release
from fatecloud.model.runtime import JavaRange
from fatecloud.model.trees import SUPERVISOR, Tree

_LOCKED = re.compile(
    r"(?P<name>\S+==\S+|[^\s:]+(?::[^\s:]+){3,4}) --hash=sha256:(?P<sha256>[0-9a-f]{64})"
    r"  # (?P<filename>\S+) (?P<size>\d+)"
)
_KINDS: dict[str, ArtifactKind] = {".whl": "wheel", ".jar": "jar"}


def names() -> tuple[str, ...]:
    """Names of all releases, sorted."""
    return tuple(sorted({path.stem for folder in __path__ for path in Path(folder).glob("*.yaml")}))


def lock_text(release: str, name: str) -> str:
    """The lock of a release's Python set or tree, as shipped: per line an artifact with its file name and size.

    An artifact is called by its project and version (`torch==1.12.1`), or by its Maven coordinates
    (`group:artifact:version:type[:classifier]`). One that no registry has comes by `release import` only.
    """
    return _text(f"{release}.{name}.lock.txt")


def _text(name: str) -> str:
    """Of a file beside this one. Code in this process may add a folder to `__path__`, as for `components`."""
    found = (Path(folder) / name for folder in __path__)
    return next(path for path in found if path.is_file()).read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def load(name: str) -> Release:
    """Read a release.

    Args:
        name: for example `fate-2.2.0`.

    Raises:
        InputError: there is no such release; the remedy names the nearest one.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.0)
        raise InputError(
            f"unknown release {name!r}; known: {', '.join(names())}",
            remedy=f"use {near[0]}" if near else "",
        )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(_text(f"{name}.yaml"), Loader=loader)  # noqa: S506 - safe loaders
    return Release(
        name=data["name"],
        summary=data["summary"],
        arch=data["arch"],
        components=data["components"],
        minimum=data["minimum"],
        architectures=tuple(data["architectures"]),
        unsupported=data["unsupported"],
        pythons={python: _python(data, python) for python in data.get("pythons", {})},
        java={component: JavaRange(**java) for component, java in data.get("java", {}).items()},
        trees={SUPERVISOR: _supervisor(), **{tree: _tree(data, tree) for tree in data.get("trees", {})}},
        packages={package: _package(data, package) for package in data.get("packages", {})},
        apart=data.get("apart", {}),
        defaults=data.get("defaults", {}),
        seen=data.get("seen", {}),
        replaces=tuple(data.get("replaces", ())),
        incompatible=tuple(Incompatible(**versions) for versions in data.get("incompatible", ())),
    )


def releases_of(cluster: Cluster) -> dict[str, Release]:
    """The release of each owner of a cluster, by the owner's id. Raises InputError for an unknown one."""
    return {name: load(owner.release) for name, owner in cluster.owners.items()}


def parse_lock(text: str, other: ArtifactKind = "archive") -> tuple[Artifact, ...]:
    """Artifacts of a lock, in its order. Raises ValueError for a line that is neither a comment nor an artifact.

    Args:
        other: kind of what is neither a wheel nor a jar.
    """
    found = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LOCKED.fullmatch(line)
        if match is None:
            raise ValueError(f"not a locked artifact: {line!r}")
        kind = _KINDS.get(Path(match["filename"]).suffix, other)
        found.append(Artifact(match["name"], match["filename"], match["sha256"], int(match["size"]), kind))
    return tuple(found)


def _supervisor() -> Tree:
    """Supervisor's code. Every release has it: nodes without systemd need it, whatever they run."""
    return Tree(SUPERVISOR, parse_lock(_text(f"{SUPERVISOR}.lock.txt")))


def _tree(release: dict[str, Any], name: str) -> Tree:
    return Tree(name, parse_lock(lock_text(release["name"], name)), release["trees"][name].get("root", ""))


def _package(release: dict[str, Any], name: str) -> PackageNeed:
    data = release["packages"][name]
    return PackageNeed(name, data["version"], data["file"], tuple(data.get("also_in", ())), data.get("optional", ""))


def _python(release: dict[str, Any], name: str) -> PythonRequirement:
    data = release["pythons"][name]
    registry = data.get("registry")
    return PythonRequirement(
        release=release["name"],
        name=name,
        arch=release["arch"],
        minor=data["minor"],
        requires=data["requires"],
        reasons=data["reasons"],
        needs_modules=tuple(data["needs_modules"]),
        wants_modules=data["wants_modules"],
        check_imports=tuple(data["check_imports"]),
        lock=parse_lock(lock_text(release["name"], name), "sdist"),
        installer=_artifact(data["installer"], "installer"),
        builders=tuple(data["builders"]),
        build_environment=data["build_environment"],
        execstack={name: tuple(files) for name, files in data["execstack"].items()},
        glibc_seen=data["glibc_seen"],
        registry=RegistryInterpreter(
            registry["coordinates"],
            registry["root"],
            _artifact(registry, "interpreter"),
            registry["fingerprint"],
            registry["lacks"],
        )
        if registry
        else None,
        made={made["name"]: _artifact(made, "wheel") for made in data["made"]},
    )


def _artifact(data: dict[str, Any], kind: ArtifactKind) -> Artifact:
    return Artifact(data["name"], data["filename"], data["sha256"], data["size"], kind)
