"""FATE 1.4 as its eggs find it. They read none of its settings, and open its logs beside its code."""

from __future__ import annotations

from fatecloud.components.flow.v1_4.code import FATE, search_path
from fatecloud.components.nodemanager.want import Imported
from fatecloud.model.context import Context
from fatecloud.model.trees import TreeUse


def fate(ctx: Context) -> Imported:
    """Its code."""
    return Imported(
        path=tuple(search_path(ctx).split(":")[:-1]),
        # They ask for the real path of the code.
        trees=(TreeUse(FATE, {"python/logs": f"{ctx.logs}/fate"}, copied=True),),
        # As EggRoll's own script of that release sets it for all that it starts.
        environment={"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
    )
