"""What the descriptors of rollsite's generations share."""

from __future__ import annotations

from collections.abc import Callable

from fatecloud.components.java import JVM_EXCEPTIONS, Jvm
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.context import Context
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted


def descriptor(want: Callable[[Context], Wanted], jvm: Jvm, *keys: ConfigKey) -> Component:
    """A generation, with settings of its own beside those of its JVM."""
    return Component(
        name="rollsite",
        summary="EggRoll's rollsite",
        architectures=("eggroll",),
        config=(*jvm.keys, *keys),
        ports=(
            PortSpec(
                "grpc",
                9370,
                "Commands and data of other parties, and of this party's flow and workers for them; the software "
                "listens on all addresses",
                public="proxy",
                clients=("flow", "nodemanager"),
                filtered=True,
            ),
        ),
        want=want,
        runtime=JavaRuntime(),
        peer_kind="proxy",
        lent=False,
        unit_exceptions=JVM_EXCEPTIONS,
    )
