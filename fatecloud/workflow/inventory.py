"""`inventory`: validate, show, print the schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.inventory.json_schema import json_schema
from fatecloud.inventory.keys import explain_key
from fatecloud.inventory.reference import markdown
from fatecloud.inventory.show import document, show
from fatecloud.model.cluster import Cluster

__all__ = ["explain_key", "inventory_document", "reference_text", "schema_text", "show_inventory", "validate_inventory"]


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation of an inventory found."""

    file: Path
    cluster: Cluster | None
    """None where the inventory is not valid."""
    error: InventoryError | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many parties, groups, nodes, services and peers there are; empty where the inventory is not valid."""
        if self.cluster is None:
            return {}
        owners = self.cluster.owners.values()
        return {
            "parties": len(self.cluster.parties),
            "groups": len(self.cluster.groups),
            "nodes": len(self.cluster.nodes),
            "services": sum(len(owner.instances(name)) for owner in owners for name in owner.placement),
            "peers": len(self.cluster.peers),
        }

    @property
    def problems(self) -> tuple[tuple[int | None, int | None, str], ...]:
        """Line, column and text of each problem."""
        if self.error is None:
            return ()
        return self.error.problems or ((None, None, self.error.message),)

    def require_valid(self) -> Cluster:
        """The cluster. Raises InventoryError, which has one line per problem."""
        if self.cluster is None:
            raise self.error or InventoryError(f"{self.file}: not valid")
        return self.cluster


def validate_inventory(path: Path) -> Validation:
    """Everything that is wrong with an inventory, or the cluster that it describes."""
    try:
        return Validation(path, load(path))
    except InventoryError as error:
        return Validation(path, None, error)


def inventory_document(path: Path) -> dict[str, Any]:
    """The inventory with every default filled in, as plain data. Raises InventoryError."""
    return document(load(path))


def show_inventory(path: Path, *, full: bool) -> str:
    """The inventory with the origin of every value, without the final newline. Raises InventoryError."""
    return show(load(path), full=full).rstrip("\n")


def schema_text() -> str:
    """The JSON Schema as text, without the final newline."""
    return json.dumps(json_schema(), indent=2)


def reference_text() -> str:
    """The reference page as Markdown, without the final newline."""
    return markdown().rstrip("\n")
