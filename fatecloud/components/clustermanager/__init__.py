"""EggRoll's clustermanager: gives the sessions of jobs their workers, and knows where their tables are."""

from __future__ import annotations

from fatecloud.components.clustermanager.want import JVM, requires, want
from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.proof import ProofKind
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="clustermanager",
    summary="EggRoll's clustermanager",
    architectures=("eggroll",),
    config=(
        *JVM.keys,
        ConfigKey(
            "session.eggs",
            "int",
            1,
            "Eggs (workers) on each nodemanager's node for a session that does not say how many it wants. A job of "
            "FATE-Flow says it.",
            1,
            256,
        ),
        ConfigKey("session.start", "int", 180, "Seconds within which the eggs of a session have to start.", 10, 3600),
        ConfigKey("session.hours", "int", 72, "Hours after which a session is ended.", 1, 8760),
    ),
    ports=(
        PortSpec(
            "grpc",
            4670,
            "EggRoll's commands, for the party's jobs, nodemanagers and proxy; the software listens on all addresses",
            clients=("flow", "nodemanager", "osx"),
        ),
    ),
    want=want,
    runtime=JavaRuntime(),
    requires=requires,
    session_api=f"{__name__}.session_api:EggrollSessions",
    proofs=(
        ProofKind(
            "egg",
            "Start an empty session with an egg on each nodemanager's node, and end it.",
            120.0,
            f"{__name__}.proof:egg",
            early=True,
        ),
    ),
    unit_exceptions=JVM_EXCEPTIONS,
)
