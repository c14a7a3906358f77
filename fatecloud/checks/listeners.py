"""Who listens where a service should: questions to the `listeners` fact that several checks ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model import listening
from fatecloud.model.check import ServiceView
from fatecloud.model.service import PortUse

_EVERY = "::"


def in_the_way(view: ServiceView, port: PortUse) -> list[Mapping[str, Any]]:
    """Every listener on that number whose address overlaps the port's own. Raises FactAbsent."""
    return listening.in_the_way(port, view.fact("listeners"))


def silent_ports(view: ServiceView) -> list[PortUse]:
    """The service's ports that have no listener on all the addresses that they need. Raises FactAbsent."""
    return listening.silent_ports(view.service.ports, view.fact("listeners"))


def too_open(view: ServiceView) -> list[Mapping[str, Any]]:
    """Every listener on a port of the service at an address that none of its uses names. Raises FactAbsent."""
    wanted: dict[int, set[str]] = {}
    for port in view.service.ports:
        wanted.setdefault(port.number, set()).add(port.bind if port.strict else _EVERY)
    rows: list[Mapping[str, Any]] = view.fact("listeners")
    return [
        row
        for row in rows
        if (binds := wanted.get(row["port"]))
        and row["address"] not in binds
        # Who listens on all addresses cannot listen on too many.
        and not any(map(listening.is_wildcard, binds))
    ]
