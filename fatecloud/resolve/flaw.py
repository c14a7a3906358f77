"""One problem of the routes, with the place where it is put right. Pure."""

from __future__ import annotations

from fatecloud.model.network import Flaw, Network
from fatecloud.model.remedy import INVENTORY, Edit
from fatecloud.model.routes import DEFAULT, RouteTable

SELF = "self"
"""The list of a router's own parties, as the name of an entry."""


def flaw_of(network: Network, table: RouteTable, code: str, entry: str, what: str, change: str) -> Flaw:
    """A flaw of a table.

    Args:
        network: that it is in.
        table: that has it.
        code: one of `FLAWS`.
        entry: that is wrong or missing, or `SELF`.
        what: a sentence.
        change: what to do in a table that an operator writes. What a deploy writes follows the inventory.
    """
    edit = Edit(change, table.source) if table.source else Edit(_in_inventory(network, table, entry, change), INVENTORY)
    return Flaw(code, table.router, entry, what, (edit,))


def _in_inventory(network: Network, table: RouteTable, entry: str, change: str) -> str:
    """The key that an entry is made of."""
    party = entry.partition(".")[0]
    if party == DEFAULT and table.exchange:
        return f"groups.{table.exchange}.public.{table.kind}: {change}"
    if party in network.peers:
        return f"peers.{party}.{table.kind}: {change}"
    return f"parties.{party}.public.{table.kind}: {change}" if party in network.parties else change
