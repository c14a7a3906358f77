"""What a node's store holds for its services: the one list that shipping, plan, preflight, checks and pruning read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname
from typing import Any, Literal

from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.layout import ID_LENGTH
from fatecloud.model.observed import NodeFacts
from fatecloud.model.package import PackageNeed
from fatecloud.model.python import PythonSet
from fatecloud.model.trees import Tree

PartKind = Literal["python", "venv", "tree", "tool"]
"""Directory of the store that it is in: interpreters, shared environments, unpacked trees. A tool is used as the
artifact that it is, each time something is made with it."""

_GROWTH = 1.9
"""Size of an unpacked wheel, bytecode included, relative to the wheel. Measured: 2.1 GB from 1.3 GB, and a margin."""
_WHEEL_INODES = 500
"""Files and directories of a wheel, bytecode included. Measured: 27,298 from 83 wheels, and a margin."""
_UNPACKED = 3
"""Size of an unpacked archive relative to its packed size; jars in it do not grow, so this is much."""
_TREE_INODES = 1500
"""Files and directories of an archive, about: FATE's largest sets have 1,200."""
_INTERPRETER_BYTES, _INTERPRETER_INODES = 200 << 20, 5000


@dataclass(frozen=True, slots=True)
class Part:
    """Something in a node's store that is made of artifacts and shared by the services of the node."""

    kind: PartKind
    id: str
    """Name of its directory."""
    title: str
    """What it is, for people."""
    artifacts: tuple[Artifact, ...]
    size: int
    """Bytes that it takes beside its artifacts, about."""
    inodes: int


def parts_of(desired: Desired, node: str) -> tuple[Part, ...]:
    """What the services of a node need in its store, each once; without what is unknown because our own store lacks it.

    Args:
        node: its name.
    """
    found = [part for python in pythons_on(desired, node) for part in _python(python)]
    found += [_tree(tree) for tree in trees_on(desired, node)]
    return tuple({(part.kind, part.id): part for part in found}.values())


def lacking(parts: tuple[Part, ...], store: Mapping[str, Any]) -> tuple[Part, ...]:
    """Those of a node's parts that have to be made there.

    Args:
        store: the node's fact of this name.
    """
    return tuple(
        part
        for part in parts
        if part.kind != "tool" and (part.id not in store["made"].get(part.kind, ()) or part.id in store["changed"])
    )


def damaged_of(service: DesiredService, facts: NodeFacts) -> dict[str, str]:
    """The environment and the views of trees of a service that are not as they were made: path -> what is wrong."""
    homes = (facts.fact("store").value or {}).get("homes") or {}
    own = {dirname(path) for path in service.markers}
    return {path: wrong for path, wrong in homes.items() if path in own}


def pythons_on(desired: Desired, node: str) -> tuple[PythonSet, ...]:
    """The Python sets that the services of a node run in, each once."""
    held = (desired.python_of(service) for service in desired.on_node(node))
    return tuple({python.digest: python for python in held if python}.values())


def trees_on(desired: Desired, node: str) -> tuple[Tree, ...]:
    """The trees that services of a node see or run in, and supervisor's code where it runs them; each once.

    Without packages that our own store lacks.
    """
    services = desired.on_node(node)
    found = [placed.tree for service in services for placed in service.trees]
    found += [service.java.tree for service in services if service.java and service.java.tree]
    if services and desired.supervisor and desired.node(node).supervision == "supervisor":
        found.append(desired.supervisor)
    return tuple({tree.digest: tree for tree in found if tree.known}.values())


def packages_missing(desired: Desired) -> tuple[PackageNeed, ...]:
    """The packages of upstream that services need and the store lacks, each once."""
    found: dict[tuple[str, str], PackageNeed] = {}
    for service in desired.services.values():
        needs = desired.release_of(service.id).packages
        for placed in service.trees:
            if not placed.tree.known:
                need = needs[placed.tree.name]
                found[need.name, need.version] = need
    return tuple(found.values())


def artifacts_of(parts: tuple[Part, ...]) -> tuple[Artifact, ...]:
    """The artifacts of these parts, each once."""
    return tuple({artifact.sha256: artifact for part in parts for artifact in part.artifacts}.values())


def expected_size(desired: Desired, node: str) -> int:
    """Bytes that a first deploy writes to a node's base directory, artifacts included, about.

    Of a Python set that our own store lacks, the release's lock says the size. Packages of upstream are not counted
    before they were imported.

    Args:
        node: its name.
    """
    parts = parts_of(desired, node)
    known = sum(part.size for part in parts) + sum(artifact.size for artifact in artifacts_of(parts))
    services = desired.on_node(node)
    wanted = {(need.release, need.name): need for one in services if (need := desired.requirement_of(one))}
    lacking = [need for key, need in wanted.items() if key not in desired.pythons]
    packed = [sum(artifact.size for artifact in need.lock) for need in lacking]
    return known + sum(int((1 + _GROWTH) * size) + _INTERPRETER_BYTES for size in packed)


def installed_size(python: PythonSet) -> int:
    """Bytes of a shared environment, about."""
    return int(_GROWTH * sum(wheel.size for wheel in python.wheels))


def _tree(tree: Tree) -> Part:
    packed = sum(artifact.size for artifact in tree.artifacts)
    inodes = _TREE_INODES * len(tree.artifacts)
    return Part("tree", tree.digest[:ID_LENGTH], f"tree {tree.name}", tree.artifacts, _UNPACKED * packed, inodes)


def _python(python: PythonSet) -> Iterator[Part]:
    interpreter, wheels = python.interpreter, python.wheels
    yield Part(
        "python",
        interpreter.sha256[:ID_LENGTH],
        f"interpreter {interpreter.name.replace('==', ' ')}",
        (interpreter,),
        _INTERPRETER_BYTES,
        _INTERPRETER_INODES,
    )
    yield Part("tool", python.installer.sha256[:ID_LENGTH], "installer", (python.installer,), 0, 0)
    title = f"Python environment {python.requirement.name} of {python.requirement.release}"
    yield Part("venv", python.digest[:ID_LENGTH], title, wheels, installed_size(python), _WHEEL_INODES * len(wheels))
