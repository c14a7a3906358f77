"""`runs` and `clusters`: what this controller did, and to which clusters."""

from __future__ import annotations

from pathlib import Path

from fatecloud import inventory
from fatecloud.errors import UsageError
from fatecloud.model.history import KnownCluster, Logged, PastRun
from fatecloud.model.nearest import nearest
from fatecloud.state.clusters import known_clusters
from fatecloud.state.directory import default_root, place_of
from fatecloud.state.history import events_of, past_runs


def runs_of(path: Path, state_dir: Path | None) -> tuple[PastRun, ...]:
    """The recorded runs of an inventory's cluster, the newest first.

    Raises:
        InventoryError: the inventory is wrong.
        RunError: the history cannot be read.
    """
    return past_runs(_directory(path, state_dir))


def run_of(path: Path, state_dir: Path | None, run: str) -> tuple[PastRun, tuple[Logged, ...]]:
    """One run and its events. `last` means the newest; the start of an id is enough if it matches only one.

    Raises:
        InventoryError: the inventory is wrong.
        UsageError: no such run is recorded here, or several begin like that.
        RunError: the history cannot be read.
    """
    directory = _directory(path, state_dir)
    runs = past_runs(directory)
    found = runs[:1] if run == "last" else [one for one in runs if one.id == run or (run and one.id.startswith(run))]
    if len(found) == 1:
        return found[0], tuple(events_of(directory, found[0].id))
    if found:
        raise UsageError(f"{run!r} matches several runs", remedy=f"choose from {', '.join(one.id for one in found)}")
    near = nearest(run, [one.id for one in runs])
    raise UsageError(
        f"this controller has no record of run {run}" + (f"; did you mean {near!r}?" if near else ""),
        remedy="fatecloud runs list; runs of another controller are recorded only there",
    )


def clusters_of(state_dir: Path | None) -> tuple[KnownCluster, ...]:
    """The clusters that this controller has worked on. Raises RunError."""
    return known_clusters(state_dir or default_root())


def _directory(path: Path, state_dir: Path | None) -> Path:
    return place_of(inventory.load(path).id, state_dir)
