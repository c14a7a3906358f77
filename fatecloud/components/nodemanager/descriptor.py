"""What the descriptors of a nodemanager's generations share."""

from __future__ import annotations

from fatecloud.components.clustermanager.programs import Program
from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.nodemanager.want import JVM, MASTER_HEAP, PYTHON_SET, Eggs, wanted
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.context import Context
from fatecloud.model.needs import MIB
from fatecloud.model.protections import UnitException
from fatecloud.model.runtime import JavaRuntime
from fatecloud.model.wanted import Wanted
from fatecloud.model.workers import Workers


def descriptor(program: Program, generation: str, eggs: Eggs, proxy: str) -> Component:
    """A generation.

    Args:
        program: that it runs.
        generation: its package, with the scripts that ask it.
        eggs: that it starts.
        proxy: the component that carries data to them.
    """

    def want(ctx: Context) -> Wanted:
        return wanted(ctx, program, generation, eggs)

    return Component(
        name="nodemanager",
        summary="EggRoll's nodemanager",
        architectures=("eggroll",),
        config=(
            *JVM.keys,
            *_of_masters(eggs),
            ConfigKey(
                "eggs",
                "int",
                None,
                "Eggs that are to have room on its node at a time, 400 MiB each in a FATE job; preflight asks for so "
                "much. Derived: as many as one job has there, `jobs.cores` of flow over the number of nodemanagers.",
                1,
                1024,
            ),
            ConfigKey(
                "cores", "int", None, "Cores that jobs may take on its node; derived: what the node has.", 1, 4096
            ),
            ConfigKey(
                "residues.sessions",
                "int",
                1000,
                "Directories of sessions, with the logs of their eggs; above that, the oldest whose eggs have ended "
                "are removed before their time.",
                1,
                1_000_000,
            ),
        ),
        ports=(
            PortSpec(
                "grpc",
                4671,
                "EggRoll's commands, for its clustermanager; the software listens on all addresses, and so do eggs",
                clients=("clustermanager", "nodemanager", "flow", proxy),
            ),
        ),
        want=want,
        runtime=JavaRuntime(python=PYTHON_SET),
        many=True,
        workers=Workers("egg", "session", r"(egg_pair\.py|RollPairMasterBootstrap) .*--session-id (?P<task>\S+)"),
        # The scripts that start and end an egg.
        packages={"debian": ("procps",), "redhat": ("procps-ng", "which")},
        keeps="the tables of jobs, its part of them",
        signs=("tables/NodeManagerMeta", "tables/LMDB/*", "tables/ROLLPAIR_LMDB/*"),
        unit_exceptions=(
            *JVM_EXCEPTIONS,
            UnitException("ProcSubset", "all", "It and its eggs read the machine's memory and processors from /proc."),
        ),
    )


def _of_masters(eggs: Eggs) -> tuple[ConfigKey, ...]:
    doc = "Heap of the JVM (`roll_pair_master`) that EggRoll 2.0 starts for each session, on the first of its nodes."
    return (ConfigKey(MASTER_HEAP, "size", 256 * MIB, doc, 32 * MIB),) if eggs.master else ()
