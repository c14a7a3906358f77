"""What a validation of an inventory found, as text and as a document for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fatecloud.model.cluster import Cluster
from fatecloud.report.kinds.inventory import InventoryValidation
from fatecloud.report.wrap import table, wrapped


def valid_text(file: str, cluster: Cluster, counts: Mapping[str, int]) -> str:
    """One line about a valid inventory, and one for each two versions of FATE in it that run no jobs together."""
    numbers = ", ".join(f"{what}: {count}" for what, count in counts.items())
    what = ", ".join([*cluster.releases, *([cluster.architecture] if cluster.architecture else [])])
    lines = [f"{file}: valid: cluster {cluster.name}, {what}; {numbers}"]
    return "\n".join([*lines, *(f"note: {note}" for note in cluster.compatibility.notes)])


class Key(Protocol):
    """What is shown about a key of the inventory."""

    @property
    def path(self) -> str:
        """Dotted."""

    @property
    def takes(self) -> str:
        """The values that it accepts."""

    @property
    def default(self) -> str:
        """The value that applies without it."""

    @property
    def meaning(self) -> str:
        """One sentence."""


def key_text(key: Key, below: Sequence[Key], width: int) -> str:
    """A key with its meaning, and a line for each key below it.

    Args:
        width: columns of the terminal.
    """
    lines = [key.path or "inventory.yml", *wrapped(key.meaning, width, "  ", "  ")]
    lines += wrapped(f"takes: {key.takes}", width, "  ", "    ")
    lines += wrapped(f"default: {key.default}", width, "  ", "    ") if key.default else []
    if below:
        rows = [(f"  {inner.path}", inner.takes, inner.default or "-", inner.meaning) for inner in below]
        lines += ["keys:", *table(rows, width)]
    return "\n".join(lines)


def validation_document(
    file: str,
    cluster: Cluster | None,
    counts: Mapping[str, int],
    problems: Sequence[tuple[int | None, int | None, str]],
) -> InventoryValidation:
    """The outcome for programs.

    Args:
        file: the inventory.
        cluster: what it describes; None if it is not valid.
        counts: numbers of `parties`, `groups`, `nodes`, `services` and `peers`, if it is valid.
        problems: line, column and text of each.
    """
    return {
        "file": file,
        "valid": cluster is not None,
        "cluster": cluster.name if cluster else None,
        "releases": list(cluster.releases) if cluster else [],
        "architecture": cluster.architecture if cluster else None,
        "counts": {
            "parties": counts["parties"],
            "groups": counts["groups"],
            "nodes": counts["nodes"],
            "services": counts["services"],
            "peers": counts["peers"],
        }
        if cluster
        else None,
        "notes": list(cluster.compatibility.notes) if cluster else [],
        "problems": [{"line": line, "column": column, "message": text} for line, column, text in problems],
    }
