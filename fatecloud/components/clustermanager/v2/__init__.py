"""The clustermanager of EggRoll 2.5."""

from __future__ import annotations

from fatecloud.components.clustermanager.descriptor import descriptor
from fatecloud.components.clustermanager.programs import of_eggroll_2
from fatecloud.components.clustermanager.want import Manager

COMPONENT = descriptor(
    Manager(of_eggroll_2("clustermanager", "core.resourcemanager.ClusterManagerBootstrap"), "v2"), "rollsite"
)
