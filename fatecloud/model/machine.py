"""How large a node is, as far as its services are sized by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory and processors of a node; None where that is not known yet."""

    memory: int | None = None
    """Bytes: the smaller of what the machine has and what its control groups allow."""
    cores: int | None = None
