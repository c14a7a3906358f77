"""Who listens where a service should: questions to the `listeners` fact that several checks ask."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from fatecloud.model.check import ServiceView
from fatecloud.model.service import PortUse

_EVERY = "::"


def in_the_way(view: ServiceView, port: PortUse) -> list[Mapping[str, Any]]:
    """Every listener on that number whose address overlaps the port's own. Raises FactAbsent."""
    rows: list[Mapping[str, Any]] = view.fact("listeners")
    return [row for row in rows if row["port"] == port.number and _meet(row["address"], port.bind)]


def silent_ports(view: ServiceView) -> list[PortUse]:
    """The service's ports that have no listener on all the addresses that they need. Raises FactAbsent."""
    return [port for port in view.service.ports if not any(_covers(row, port) for row in in_the_way(view, port))]


def too_open(view: ServiceView) -> list[Mapping[str, Any]]:
    """Every listener on a port of the service at an address that none of its uses names. Raises FactAbsent."""
    wanted: dict[int, set[str]] = {}
    for port in view.service.ports:
        wanted.setdefault(port.number, set()).add(port.bind if port.strict else _EVERY)
    rows: list[Mapping[str, Any]] = view.fact("listeners")
    return [
        row
        for row in rows
        if (binds := wanted.get(row["port"])) and row["address"] not in binds and not any(map(_wildcard, binds))
    ]


def _meet(held: str, bind: str) -> bool:
    return _wildcard(held) or _wildcard(bind) or held == bind


def _covers(row: Mapping[str, Any], port: PortUse) -> bool:
    return _wildcard(row["address"]) or row["address"] == port.bind


def _wildcard(address: str) -> bool:
    try:
        return ip_address(address).is_unspecified
    except ValueError:
        return True  # a name: only the node knows which address it means
