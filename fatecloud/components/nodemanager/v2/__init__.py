"""The nodemanager of EggRoll 2.5, whose eggs import FATE 1.11 from its own tree."""

from __future__ import annotations

from fatecloud.components.clustermanager.programs import of_eggroll_2
from fatecloud.components.nodemanager.descriptor import descriptor
from fatecloud.components.nodemanager.v2.imported import fate
from fatecloud.components.nodemanager.want import Eggs

COMPONENT = descriptor(
    of_eggroll_2("nodemanager", "core.resourcemanager.NodeManagerBootstrap"),
    "v2",
    Eggs("eggroll/roll_pair/egg_pair.py", fate),
    "rollsite",
)
