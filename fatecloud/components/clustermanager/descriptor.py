"""What the descriptors of a clustermanager's generations share."""

from __future__ import annotations

from fatecloud.components.clustermanager.want import JVM, Manager, metadata, wanted
from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.mysql.database import Database
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.context import Context
from fatecloud.model.proof import ProofKind
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted

HERE = "fatecloud.components.clustermanager"


_EGGS = "Eggs (workers) on each nodemanager's node for a session that does not say how many it wants."


def descriptor(manager: Manager, proxy: str) -> Component:
    """A generation; `proxy` is the component that carries its data to other parties."""
    # Of FATE-Flow 1.4, no job says how many eggs it wants.
    eggs, who = (
        (1, "A job of FATE-Flow says it.") if manager.reported_to else (None, "Derived: as `jobs.cores` of flow.")
    )

    def want(ctx: Context) -> Wanted:
        return wanted(ctx, manager)

    def requires(ctx: Context) -> tuple[Database, ...]:
        return (metadata(ctx, manager),)

    return Component(
        name="clustermanager",
        summary="EggRoll's clustermanager",
        architectures=("eggroll",),
        config=(
            *JVM.keys,
            ConfigKey("session.eggs", "int", eggs, f"{_EGGS} {who}", 1, 256),
            ConfigKey(
                "session.start", "int", 180, "Seconds within which the eggs of a session have to start.", 10, 3600
            ),
            # EggRoll 2.0 ends no session by itself.
            *(
                [ConfigKey("session.hours", "int", 72, "Hours after which a session is ended.", 1, 8760)]
                if manager.reported_to
                else []
            ),
        ),
        ports=(
            PortSpec(
                "grpc",
                4670,
                "EggRoll's commands, for the party's jobs, nodemanagers and proxy; the software listens on all "
                "addresses",
                clients=("flow", "nodemanager", proxy),
            ),
        ),
        want=want,
        runtime=JavaRuntime(),
        requires=requires,
        session_api=f"{HERE}.session_api:EggrollSessions",
        proofs=(
            ProofKind(
                "egg",
                "Start an empty session with an egg on each nodemanager's node, and end it.",
                120.0,
                f"{HERE}.proof:egg",
                early=True,
            ),
        ),
        unit_exceptions=JVM_EXCEPTIONS,
    )
