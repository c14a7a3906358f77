"""The nodemanager of EggRoll 3."""

from __future__ import annotations

from fatecloud.components.clustermanager.programs import of_eggroll_3
from fatecloud.components.nodemanager.descriptor import descriptor
from fatecloud.components.nodemanager.want import Eggs

COMPONENT = descriptor(of_eggroll_3("nodemanager"), "v3", Eggs("eggroll/computing/egg_pair/egg_pair.py"), "osx")
