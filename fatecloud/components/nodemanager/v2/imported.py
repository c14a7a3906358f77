"""FATE 1.11 as its eggs find it."""

from __future__ import annotations

from fatecloud.components.flow.v1.code import FATE, FLOW, search_path, surroundings, versions
from fatecloud.components.nodemanager.want import Imported
from fatecloud.model.context import Context
from fatecloud.model.service import FileSpec
from fatecloud.model.trees import TreeUse


def fate(ctx: Context) -> Imported:
    """Its code, and settings without a database: every egg reads them, and none connects to it."""
    conf = f"{ctx.home}/conf/service_conf.yaml"
    return Imported(
        path=tuple(search_path(ctx).split(":")[:-1]),
        trees=(TreeUse(FATE), TreeUse(FLOW)),
        environment=surroundings(ctx),
        files=(
            versions(ctx),
            FileSpec(conf, "nodemanager/v2/service_conf.yaml.j2", {"stamp": ctx.id.stamp}, restarts=False),
        ),
    )
