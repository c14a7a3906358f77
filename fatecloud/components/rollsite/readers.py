"""Who may read and replace rollsite's table of routes over its port: addresses and a secret, or no one."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from fatecloud.model.component import Contradiction, SecretSpec
from fatecloud.model.context import Context
from fatecloud.model.node import Node

KEY = "routes.readers"
SECRET = SecretSpec("rollsite.routes", "With which rollsite's table of routes can be read and replaced over its port")


def readers(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses."""
    return tuple(address for word in str(config[KEY]).split(",") if (address := word.strip()))


def secrets(ctx: Context) -> tuple[SecretSpec, ...]:
    """None while its table is open to no one."""
    return (SECRET,) if readers(ctx.config) else ()


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """Rollsite compares addresses as texts, and cuts one at its first colon."""
    del node, architecture
    for address in readers(config):
        try:
            IPv4Address(address)
        except AddressValueError:
            what = f"{address!r} is not an IPv4 address, and rollsite knows readers of its table by these alone"
            return (Contradiction(KEY, what, "IPv4 addresses, separated by commas"),)
    return ()
