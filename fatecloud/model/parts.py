"""What a node's store holds for its services: the one list that shipping, plan, preflight, checks and pruning read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired
from fatecloud.model.layout import ID_LENGTH
from fatecloud.model.python import PythonSet

PartKind = Literal["python", "venv", "tool"]
"""Directory of the store that it is in: interpreters, and shared environments. A tool is used as the artifact that it
is, each time something is made with it."""

_GROWTH = 1.9
"""Size of an unpacked wheel, bytecode included, relative to the wheel. Measured: 2.1 GB from 1.3 GB, and a margin."""
_WHEEL_INODES = 500
"""Files and directories of a wheel, bytecode included. Measured: 27,298 from 83 wheels, and a margin."""
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
    found = {(part.kind, part.id): part for python in pythons_on(desired, node) for part in _python(python)}
    return tuple(found.values())


def pythons_on(desired: Desired, node: str) -> tuple[PythonSet, ...]:
    """The Python sets that a node needs: for a service, or for supervisor, which is part of them."""
    services = desired.on_node(node)
    sets = {python.digest: python for service in services if (python := desired.python_of(service))}
    if services and not sets and desired.node(node).supervision == "supervisor":
        return tuple(desired.pythons.values())[:1]
    return tuple(sets.values())


def artifacts_of(parts: tuple[Part, ...]) -> tuple[Artifact, ...]:
    """The artifacts of these parts, each once."""
    return tuple({artifact.sha256: artifact for part in parts for artifact in part.artifacts}.values())


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
    size = int(_GROWTH * sum(wheel.size for wheel in wheels))
    title = "Python environment of the release"
    yield Part("venv", python.digest[:ID_LENGTH], title, wheels, size, _WHEEL_INODES * len(wheels))
