"""What a service needs of its node. Preflight compares it, and the sum over all services, with what there is."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Needs:
    """Figures of one service. The defaults are those of a small server program."""

    memory: int = 512 * MIB
    """Bytes that it and what it starts take together when it has work."""
    heap: int = 0
    """Bytes of these that a JVM takes in one piece at its start."""
    disk: int = 1024 * MIB
    """Bytes of data in its first days."""
    descriptors: int = 65535
    """Files and connections that it may have open at a time."""
    java: tuple[str, ...] = ()
    """A command that shows whether its JVM starts with its flags, and does nothing else; empty where it has none."""
