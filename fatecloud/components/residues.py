"""The configuration keys by which an operator says how long a component's residues stay."""

from __future__ import annotations

from typing import Any

from fatecloud.model.component import ConfigKey
from fatecloud.model.context import Context
from fatecloud.model.residues import Residue

RESIDUE_KEYS = (
    ConfigKey(
        "residues.days",
        "int",
        14,
        "Days after which what it leaves behind is removed: directories and logs of jobs that have ended, old logs.",
        1,
        3650,
    ),
    ConfigKey(
        "residues.size",
        "size",
        None,
        "Bytes of each kind of residue, above which the oldest is removed before its time; derived: no limit.",
        1 << 20,
        1 << 50,
    ),
)
"""For the `config` of a component that has residues."""


def residue(ctx: Context, path: str, what: str, jobs: str = "*", **more: Any) -> Residue:
    """A residue that stays as long as the inventory says; see `model.residues.Residue`."""
    return Residue(path, what, ctx.config["residues.days"], jobs, ctx.config["residues.size"], **more)
