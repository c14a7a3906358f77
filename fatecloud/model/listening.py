"""Whether listeners that were seen are those that a service's ports need. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from fatecloud.model.service import PortUse

Listener = Mapping[str, Any]
"""A row of the fact `listeners`: `port`, `address`, and who holds it."""


def in_the_way(port: PortUse, rows: Iterable[Listener]) -> list[Listener]:
    """Every listener on that number whose address overlaps the port's own."""
    return [row for row in rows if row["port"] == port.number and _meet(row["address"], port.bind)]


def silent_ports(ports: Iterable[PortUse], rows: Iterable[Listener]) -> list[PortUse]:
    """The ports that have no listener on all the addresses that they need."""
    seen = list(rows)
    return [port for port in ports if not any(_covers(row, port) for row in in_the_way(port, seen))]


def is_wildcard(address: str) -> bool:
    """Whether it stands for more than one address of the node."""
    try:
        return ip_address(address).is_unspecified
    except ValueError:
        return True  # a name: only the node knows which address it means


def _meet(held: str, bind: str) -> bool:
    return is_wildcard(held) or is_wildcard(bind) or held == bind


def _covers(row: Listener, port: PortUse) -> bool:
    return is_wildcard(row["address"]) or row["address"] == port.bind
