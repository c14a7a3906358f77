"""FATE-Flow 1.4, which is a part of FATE's own tree: the generation that keeps a session of EggRoll for itself."""

from __future__ import annotations

from fatecloud.components.flow.database import with_models
from fatecloud.components.flow.v1_4.want import want
from fatecloud.components.question import question
from fatecloud.components.residues import RESIDUE_KEYS
from fatecloud.model.component import ANYONE, Component, ConfigKey, PortSpec
from fatecloud.model.proof import ProofKind
from fatecloud.model.protections import UnitException
from fatecloud.model.runtime import PythonRuntime

COMPONENT = Component(
    name="flow",
    summary="FATE-Flow",
    architectures=("eggroll",),
    config=(
        ConfigKey(
            "jobs.cores",
            "int",
            None,
            "Cores per party for a job that does not set `processors_per_node`; derived: 4, or half of what the nodes "
            "of the nodemanagers have where that is less. Flow 1.4 counts no cores: it runs five jobs at a time.",
            minimum=1,
            maximum=1024,
        ),
        ConfigKey("database.connections", "int", 100, "Connections that flow may hold open.", 10, 10000),
        *RESIDUE_KEYS,
    ),
    ports=(
        PortSpec(
            "http",
            9380,
            "API for clients and for flow's tasks. It listens on all addresses, for it asks itself at the one that the "
            "name of its node leads to",
            clients=(ANYONE,),
        ),
        PortSpec("grpc", 9360, "The same API for rollsite, which speaks gRPC", clients=(ANYONE,)),
    ),
    want=want,
    runtime=PythonRuntime("fate"),
    requires=with_models,
    job_question=question("flow.jobs", "v1_4/probe_jobs.py", "{host}", "{port}", timeout=20),
    job_api=f"{__name__}.job_api:flow_api",
    publisher=f"{__name__}.models:flow_models",
    models_from="fatecloud.components.flow.transferred:of_flow_1_4",
    proofs=(
        ProofKind(
            "toy",
            "FATE's toy job between two parties: tests routes, scheduling and compute.",
            300.0,
            f"{__name__}.proof:toy",
        ),
    ),
    keeps="models and job outputs",
    signs=("jobs/*", "model_local_cache/*"),
    unit_exceptions=(
        UnitException("MemoryDenyWriteExecute", "no", "Tasks use numba, which writes and runs machine code."),
        UnitException("ProcSubset", "all", "Flow and its tasks read the machine's memory and processors from /proc."),
    ),
)
