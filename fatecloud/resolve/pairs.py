"""Refuses components whose edges between two parties are asked over in one direction only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fatecloud.model.service import Edge


def refuse_one_way(edges: Iterable[Edge], parties: Mapping[str, object]) -> None:
    """Both parties of a pair must ask: a firewall may pass connections one way.

    Args:
        edges: of all services.
        parties: by id, those of the inventory.

    Raises:
        ValueError: an edge leads from one party to another, and none of its kind back.
    """
    between = {
        (source, target, edge.kind): edge
        for edge in edges
        if (source := _owner(edge.source)) != (target := _owner(edge.target)) and {source, target} <= parties.keys()
    }
    for (source, target, kind), edge in sorted(between.items()):
        if (target, source, kind) not in between:
            raise ValueError(f"edge {edge.source} -> {edge.target} ({kind}): party {target} has none back to {source}")


def _owner(key: str) -> str:
    return key.partition("/")[0]
