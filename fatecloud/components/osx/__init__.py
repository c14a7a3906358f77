"""OSX: carries commands and data between the parties, and to the workers of its own; of a group, it is an exchange."""

from __future__ import annotations

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.osx.star import EXCHANGE, judge, judge_parties
from fatecloud.components.osx.want import JVM, want
from fatecloud.model.component import Component, PortSpec
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="osx",
    summary="OSX",
    architectures=("eggroll",),
    config=(*JVM.keys, EXCHANGE),
    ports=(
        PortSpec(
            "grpc",
            9370,
            "Commands and data of other parties, and of this party's flow and workers for them",
            public="proxy",
            clients=("flow", "nodemanager"),
        ),
    ),
    want=want,
    judge=judge,
    judge_parties=judge_parties,
    runtime=JavaRuntime(),
    peer_kind="proxy",
    groups=True,
    lent=False,
    unit_exceptions=JVM_EXCEPTIONS,
)
