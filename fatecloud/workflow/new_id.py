"""`init --new-id`: make a copied inventory a cluster of its own."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import FatecloudError, Refused
from fatecloud.inventory import load
from fatecloud.inventory.problems import Problems
from fatecloud.inventory.source import read_text
from fatecloud.inventory.starter import with_new_id
from fatecloud.state.directory import place_of
from fatecloud.state.nodes import past_nodes
from fatecloud.vault.file import path_of


@dataclass(frozen=True, slots=True)
class Renewed:
    """What changed."""

    inventory: Path
    cluster: str
    id: str
    shares_secrets: bool
    """Whether there is a secrets file beside it, which is then a copy too."""


def give_new_id(inventory: Path, state_dir: Path | None) -> Renewed:
    """Write another id into an inventory.

    Args:
        inventory: with or without an id; nothing else in it changes.
        state_dir: where the history is.

    Raises:
        InventoryError: it cannot be read, or is not an inventory.
        Refused: the cluster is deployed on nodes of this inventory: with a new id they would belong to a stranger.
        RunError: the history cannot be read.
    """
    _refuse_deployed(inventory, state_dir)
    # The text is changed in one place, so that comments and order stay.
    text = with_new_id(read_text(inventory, Problems(str(inventory))), str(inventory))
    write_private(inventory, text.encode(), replace=True, mode=stat.S_IMODE(inventory.stat().st_mode))
    cluster = load(inventory)
    return Renewed(inventory, cluster.name, cluster.id, path_of(inventory).exists())


def _refuse_deployed(inventory: Path, state_dir: Path | None) -> None:
    try:
        cluster = load(inventory)
    except FatecloudError:
        return  # without an id there is no history; other errors are reported after the change
    places = {(node.address, node.ssh.port, node.paths.base) for node in cluster.nodes.values()}
    used = sorted(node.name for node in past_nodes(place_of(cluster.id, state_dir)) if node.place in places)
    if used:
        raise Refused(
            f"cluster {cluster.name} is deployed on {', '.join(used)} with this id; nothing was changed",
            remedy="give the new cluster other nodes or another `paths.base` first",
        )
