"""Where FATE 1.4 finds its own code, settings and places: all below the directory in which its code really is."""

from __future__ import annotations

from fatecloud.model.context import Context
from fatecloud.model.layout import tree_of
from fatecloud.model.trees import TreeUse

FATE, EGGROLL = "fate", "eggroll"
"""Trees of the release; flow is in FATE's."""
WRITES = ("fate_flow/temp", "jobs", "model_local_cache")
"""Directories below its own in which flow keeps things, besides its logs."""


def base(ctx: Context) -> str:
    """The directory with FATE's parts."""
    return f"{ctx.tree(FATE)}/python"


def jobs_of(home: str) -> str:
    """Where a flow has a directory for each of its jobs, by the directory of the service."""
    return f"{tree_of(home, FATE)}/python/jobs"


def search_path(ctx: Context) -> str:
    """The `PYTHONPATH` of a program that imports FATE."""
    return f"{base(ctx)}:{ctx.tree(EGGROLL)}/python"


def own_trees(ctx: Context) -> tuple[TreeUse, ...]:
    """The trees as a flow sees them: it asks for the real path of its own code, and writes beside it."""
    places = {f"python/{name}": f"{ctx.data}/{name.rpartition('/')[2]}" for name in WRITES}
    return (TreeUse(FATE, {**places, "python/logs": logs_of(ctx)}, copied=True), TreeUse(EGGROLL))


def logs_of(ctx: Context) -> str:
    """Where flow and its jobs write their logs."""
    return f"{ctx.logs}/flow"
