"""A node's register of clusters: which cluster has which base directory, one file per cluster. Python 3.8, stdlib.

Root's runs keep it for the whole machine, a login without root keeps one of its own. It answers what no single base
directory can: whether this cluster is on the machine already in another place, and who its neighbours are.
"""

from __future__ import annotations

import contextlib
import json
import os

from ansible.module_utils.fatecloud_inside import make_directory
from ansible.module_utils.fatecloud_node import (
    IDENTITY,
    Refused,
    private,
    read_json,
    replace,
)
from ansible.module_utils.fatecloud_places import MANIFEST, REGISTERS

SHOWN = 6
"""Digits of an id that names on the node carry; see `Cluster.label`."""


def folder() -> str:
    """The register that we write."""
    shared, own = REGISTERS
    return shared if os.geteuid() == 0 else os.path.expanduser(own)


def entries() -> list:
    """What is registered and still there: an entry whose base directory has no record of ours any more is void."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(folder())):
            entry = _entry(os.path.join(folder(), name)) if name.endswith(".json") else None
            if entry and os.path.exists(os.path.join(private(entry["base"]), MANIFEST)):
                found.append(entry)
    return found


def _entry(path: str) -> dict | None:
    try:
        entry = read_json(path)
    except OSError:
        return None
    except Refused as refusal:
        if "untrusted" in refusal.details:
            raise
        return None  # a damaged one is written again by the cluster that it belongs to
    known = isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in (*IDENTITY, "base"))
    return {key: entry[key] for key in (*IDENTITY, "base")} if known else None


def refuse_conflict(params: dict) -> None:
    """Go on only where this cluster's names and directories belong to no other cluster on the machine.

    Args:
        params: `base` and the keys of `IDENTITY`.

    Raises:
        Refused: a neighbour's base directory holds or surrounds ours, a neighbour's names would be ours, or this
            cluster is on the machine already, in another base directory.
    """
    base = os.path.realpath(params["base"])
    for entry in entries():
        there = os.path.realpath(entry["base"])
        if entry["id"] == params["id"]:
            if there != base:
                raise Refused(
                    f"this cluster is on the machine already, as node {entry['node']} in {entry['base']}",
                    elsewhere=entry["base"],
                )
        elif there == base or there.startswith(base + "/") or base.startswith(there + "/"):
            theirs = f"{entry['cluster']} (id {entry['id']})"
            raise Refused(
                f"{params['base']} and {entry['base']} of cluster {theirs} overlap: one is inside the other",
                foreign=theirs,
            )
        elif (entry["cluster"], entry["id"][:SHOWN]) == (params["cluster"], params["id"][:SHOWN]):
            raise Refused(
                f"cluster {entry['cluster']} (id {entry['id']}) on this machine has the same names", alike=entry["id"]
            )


def enter(base: str, owner: dict) -> None:
    """Write down that a cluster has a base directory.

    Args:
        owner: has the keys of `IDENTITY`: the manifest's data, or a lease.
    """
    make_directory(folder(), 0o755)
    entry = dict({key: owner[key] for key in IDENTITY}, base=base)
    path = os.path.join(folder(), f"{owner['id']}.json")
    if _entry(path) != entry:
        replace(path, (json.dumps(entry, sort_keys=True) + "\n").encode(), 0o644)


def leave(cluster_id: str) -> None:
    """Forget a cluster, and the register with its last one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder(), f"{cluster_id}.json"))
    for path in (folder(), os.path.dirname(folder())):
        with contextlib.suppress(OSError):  # it holds other files
            os.rmdir(path)
