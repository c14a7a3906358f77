"""Where FATE 1.11 finds its own code, settings and places: it is not a Python package, and asks the environment."""

from __future__ import annotations

from fatecloud.model.context import Context
from fatecloud.model.service import FileSpec
from fatecloud.model.trees import TreeUse

FATE, FLOW, EGGROLL = "fate", "fateflow", "eggroll"
"""Trees of the release."""
PARTS = ((FATE, "python"), (FLOW, "python"), (EGGROLL, "python"))
"""Tree and directory of each part that tasks and eggs import, in the order of their search path."""
WRITES = ("jobs", "model_local_cache", "provider_registrar", "task_initializer", "temp", "tmp")
"""Directories below flow's own in which it keeps things, besides its logs."""


def surroundings(ctx: Context) -> dict[str, str]:
    """What programs that import FATE have in their environment."""
    return {
        "EGGROLL_HOME": ctx.tree(EGGROLL),
        # With `conf/service_conf.yaml` and `fate.env`.
        "FATE_PROJECT_BASE": ctx.home,
        "FATE_BASE": ctx.tree(FATE),
        "FATE_FLOW_BASE": ctx.tree(FLOW),
    }


def search_path(ctx: Context) -> str:
    """The `PYTHONPATH` of a program that imports FATE."""
    return ":".join(f"{ctx.tree(tree)}/{part}" for tree, part in PARTS)


def versions(ctx: Context) -> FileSpec:
    """The file in which FATE looks up which version it is."""
    packages = ctx.release.packages
    known = {"FATE": FATE, "FATEFlow": FLOW, "EGGROLL": EGGROLL}
    values = {"stamp": ctx.id.stamp, "versions": {name: packages[package].version for name, package in known.items()}}
    return FileSpec(f"{ctx.home}/fate.env", "flow/v1/fate.env.j2", values)


def own_trees(ctx: Context) -> tuple[TreeUse, ...]:
    """The trees as a flow sees them: it writes below its own."""
    places = {name: f"{ctx.data}/{name}" for name in WRITES}
    return (TreeUse(FATE), TreeUse(EGGROLL), TreeUse(FLOW, writes={**places, "logs": logs_of(ctx)}))


def logs_of(ctx: Context) -> str:
    """Where flow and its jobs write their logs."""
    return f"{ctx.logs}/flow"
