"""`inventory`: validate, show, publish the schema."""

from __future__ import annotations

import json
from pathlib import Path

from fatecloud.inventory import load
from fatecloud.inventory.json_schema import json_schema
from fatecloud.inventory.reference import markdown
from fatecloud.inventory.show import show


def validate_inventory(path: Path) -> str:
    """One line about a good inventory. Raises InventoryError with one line per problem otherwise."""
    cluster = load(path)
    placed = [where for party in cluster.parties.values() for where in party.placement.values()]
    services = sum(len(where) for where in placed if isinstance(where, tuple))
    counts = f"parties: {len(cluster.parties)}, nodes: {len(cluster.nodes)}, services: {services}"
    counts += f", peers: {len(cluster.peers)}"
    return f"{path}: good: cluster {cluster.name}, {cluster.release}, {cluster.architecture}; {counts}"


def show_inventory(path: Path, *, full: bool) -> str:
    """The inventory with the origin of every value, without the final newline. Raises InventoryError."""
    return show(load(path), full=full).rstrip("\n")


def schema_text() -> str:
    """The JSON Schema as text, without the final newline."""
    return json.dumps(json_schema(), indent=2)


def reference_text() -> str:
    """The reference page as Markdown, without the final newline."""
    return markdown().rstrip("\n")
