"""Rollsite, of EggRoll 2: carries commands and data between the parties, and to the workers of its own."""

from __future__ import annotations

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.rollsite.want import JVM, want
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="rollsite",
    summary="EggRoll's rollsite",
    architectures=("eggroll",),
    config=(
        *JVM.keys,
        ConfigKey(
            "keepalive",
            "int",
            120,
            "Seconds without a sign of the other end, after which it is asked for one; without an answer, calls fail "
            "20 s later. Below 120, a rollsite that fatecloud does not deploy ends the connection.",
            15,
            7200,
        ),
        ConfigKey(
            "calls",
            "int",
            1000,
            "Calls that it takes over one connection at a time; more of that partner wait.",
            16,
            100000,
        ),
    ),
    ports=(
        PortSpec(
            "grpc",
            9370,
            "Commands and data of other parties, and of this party's flow and workers for them; the software listens "
            "on all addresses",
            public="proxy",
            clients=("flow", "nodemanager"),
        ),
    ),
    want=want,
    runtime=JavaRuntime(),
    peer_kind="proxy",
    lent=False,
    unit_exceptions=JVM_EXCEPTIONS,
)
