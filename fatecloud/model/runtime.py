"""What the processes of a service run in: a Python environment of its release, a JVM, or nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass

GC_LOG = "gc.log"
"""Name of the log of a JVM's collections, beside the other logs of its service."""


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    """A thin environment of the service's own, on top of a Python set that services of a release share."""

    name: str
    """Of the set, among `Release.pythons`."""


@dataclass(frozen=True, slots=True)
class JavaRuntime:
    """A JVM in the range that the release gives for the component in `Release.java`.

    The flags that it gets are not here: they follow the inventory and the node, so `Wanted` has them.
    """

    python: str = ""
    """The Python set in which programs run that the JVM starts; empty where it starts none."""


Runtime = PythonRuntime | JavaRuntime | None
"""None: the component's programs are the distribution's, or need no runtime."""


def python_set_of(runtime: Runtime) -> str:
    """Name of the Python set in which processes of a service run, among `Release.pythons`; empty where none does."""
    if isinstance(runtime, PythonRuntime):
        return runtime.name
    return runtime.python if runtime else ""


@dataclass(frozen=True, slots=True)
class JavaRange:
    """Which Java a component runs with."""

    minimum: int
    """Oldest feature release: 8, 17, ..."""
    maximum: int
    """Newest one that it was seen with."""
    reason: str
    """Why not any other one, for people."""
