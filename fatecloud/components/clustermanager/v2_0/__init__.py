"""The clustermanager of EggRoll 2.0. Nodemanagers do not report to it, and it ends all sessions when it ends itself."""

from __future__ import annotations

from fatecloud.components.clustermanager.descriptor import descriptor
from fatecloud.components.clustermanager.programs import of_eggroll_2
from fatecloud.components.clustermanager.want import Manager

COMPONENT = descriptor(
    Manager(
        of_eggroll_2("clustermanager", "core.resourcemanager.ClusterManagerBootstrap", prints=False),
        "v2_0",
        reported_to=False,
    ),
    "rollsite",
)
