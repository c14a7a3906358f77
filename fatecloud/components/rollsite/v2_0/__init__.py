"""The rollsite of EggRoll 2.0, with a pool of threads of a fixed size."""

from __future__ import annotations

from fatecloud.components.rollsite.descriptor import descriptor
from fatecloud.components.rollsite.v2_0.want import want
from fatecloud.components.rollsite.want import JVM
from fatecloud.model.component import ConfigKey

COMPONENT = descriptor(
    want,
    JVM,
    ConfigKey(
        "pool",
        "int",
        600,
        "Threads for calls. Each piece of data that a task waits for holds one for up to five minutes, and with all of "
        "them taken it refuses every call. A toy job was seen to take 225.",
        100,
        20000,
    ),
)
