"""What a validation of an inventory found, as text and as a document for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fatecloud.model.cluster import Cluster
from fatecloud.report.kinds import InventoryValidation


def valid_text(file: str, cluster: Cluster, counts: Mapping[str, int]) -> str:
    """One line about a valid inventory."""
    numbers = ", ".join(f"{what}: {count}" for what, count in counts.items())
    return f"{file}: valid: cluster {cluster.name}, {cluster.release}, {cluster.architecture}; {numbers}"


def validation_document(
    file: str,
    cluster: Cluster | None,
    counts: Mapping[str, int],
    problems: Sequence[tuple[int | None, int | None, str]],
) -> InventoryValidation:
    """The outcome for programs.

    Args:
        file: the inventory.
        cluster: what it describes; None where it is not valid.
        counts: numbers of `parties`, `nodes`, `services` and `peers`, where it is valid.
        problems: line, column and text of each.
    """
    return {
        "file": file,
        "valid": cluster is not None,
        "cluster": cluster.name if cluster else None,
        "release": cluster.release if cluster else None,
        "architecture": cluster.architecture if cluster else None,
        "counts": {
            "parties": counts["parties"],
            "nodes": counts["nodes"],
            "services": counts["services"],
            "peers": counts["peers"],
        }
        if cluster
        else None,
        "problems": [{"line": line, "column": column, "message": text} for line, column, text in problems],
    }
