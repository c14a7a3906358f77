"""The clustermanager of EggRoll 3."""

from __future__ import annotations

from fatecloud.components.clustermanager.descriptor import descriptor
from fatecloud.components.clustermanager.programs import of_eggroll_3
from fatecloud.components.clustermanager.want import Manager

COMPONENT = descriptor(Manager(of_eggroll_3("clustermanager"), "v3"), "osx")
