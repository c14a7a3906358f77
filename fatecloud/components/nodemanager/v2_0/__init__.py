"""The nodemanager of EggRoll 2.0, whose eggs import FATE 1.4 from its own tree."""

from __future__ import annotations

from fatecloud.components.clustermanager.programs import of_eggroll_2
from fatecloud.components.nodemanager.descriptor import descriptor
from fatecloud.components.nodemanager.v2_0.imported import fate
from fatecloud.components.nodemanager.want import Eggs

COMPONENT = descriptor(
    of_eggroll_2("nodemanager", "core.resourcemanager.NodeManagerBootstrap", prints=False),
    "v2_0",
    Eggs("eggroll/roll_pair/egg_pair.py", fate, master=True),
    "rollsite",
)
