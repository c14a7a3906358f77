"""The rows of the table, by name, in the order in which they are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bench import Bench
from result import Line

from rows import check, deploy, eggroll, load, memory, start

ROWS: Mapping[str, Callable[[Bench], list[Line]]] = MappingProxyType(
    {
        "start": start.measure,
        "check": check.against_floor,
        "check-ansible": check.against_ansible,
        "check-blackhole": check.blackholed,
        "status": check.status,
        "deploy-nothing": deploy.nothing,
        "memory": memory.measure,
        "load": load.measure,
        "deploy-two": deploy.two_parties,
        "deploy-ten": deploy.ten_parties,
        "eggroll": eggroll.measure,
    }
)
DEFAULT = tuple(name for name in ROWS if name != "eggroll" or eggroll.PACKAGES)
"""Those that this machine has everything for."""
