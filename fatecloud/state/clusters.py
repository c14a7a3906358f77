"""The clusters that a controller has worked on: each state directory names its own cluster."""

from __future__ import annotations

import os
from pathlib import Path

from fatecloud.errors import RunError
from fatecloud.model.history import KnownCluster
from fatecloud.state.database import FILE, execute, select
from fatecloud.state.history import past_runs


def note_cluster(directory: Path, name: str, inventory: Path) -> None:
    """Record a cluster's name and the path of its inventory.

    Args:
        directory: the cluster's state directory, whose name is its id.
        name: the cluster's name.
        inventory: the file that was used last.

    Raises:
        RunError: it cannot be written.
    """
    # A path may have bytes that the locale cannot read; SQLite takes only text.
    path = os.fsencode(inventory.absolute()).decode("utf-8", "replace")
    values = (name, path)
    execute(directory, ("delete from cluster", ()), ("insert into cluster values (?,?)", values))


def known_clusters(root: Path) -> tuple[KnownCluster, ...]:
    """All clusters that have a history below a root, by name. One whose history cannot be read comes with its error."""
    found = (_known(file.parent) for file in root.glob(f"*/{FILE}"))
    return tuple(sorted(found, key=lambda one: (one.name, one.id)))


def _known(directory: Path) -> KnownCluster:
    name, inventory = "?", ""
    try:
        noted = select(directory, "cluster", "select name, inventory from cluster")
        name, inventory = noted[0] if noted else (name, inventory)
        runs = past_runs(directory)
    except RunError as error:
        return KnownCluster(directory.name, name, inventory, 0, None, error.message)
    return KnownCluster(directory.name, name, inventory, len(runs), runs[0] if runs else None)
