"""FATE-Flow 1.11: the generation with one API, under `/v1`, for users, tasks and other parties."""

from __future__ import annotations

from fatecloud.components.flow.cores import judge
from fatecloud.components.flow.database import with_models
from fatecloud.components.flow.v1.want import want
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
            "computing.cores",
            "int",
            None,
            "Cores that all jobs together may ask for; derived: what the nodes of the nodemanagers have.",
            minimum=1,
            maximum=4096,
        ),
        ConfigKey(
            "jobs.cores",
            "int",
            None,
            "Cores per party for a job that does not set them itself; derived: 4, as upstream, or half of "
            "`computing.cores` where that is less.",
            minimum=1,
            maximum=1024,
        ),
        ConfigKey("jobs.timeout", "int", 259200, "Seconds after which a job is stopped.", 60, 31536000),
        ConfigKey("database.connections", "int", 100, "Connections that flow may hold open.", 10, 10000),
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that its API listens on; derived: 127.0.0.1 while the whole party is on its node, "
            "else `bind` or `advertise` of the node. The packets of all but the party's nodes are then dropped, where "
            "all of these have addresses. Set it where flow has users elsewhere.",
        ),
        *RESIDUE_KEYS,
    ),
    ports=(
        # The other nodes of the party ask for its running jobs before they stop a service.
        PortSpec("http", 9380, "API for clients and for flow's tasks", clients=(ANYONE,)),
        PortSpec("grpc", 9360, "The same API for rollsite, which speaks gRPC", clients=(ANYONE,)),
    ),
    want=want,
    judge=judge,
    runtime=PythonRuntime("fate"),
    requires=with_models,
    job_question=question("flow.jobs", "v1/probe_jobs.py", "{host}", "{port}", timeout=20),
    job_api=f"{__name__}.job_api:flow_api",
    publisher=f"{__name__}.models:flow_models",
    models_from="fatecloud.components.flow.transferred:of_flow_1",
    job_cores="computing.cores",
    proofs=(
        ProofKind(
            "toy",
            "FATE's toy job between two parties: tests routes, scheduling and compute.",
            300.0,
            f"{__name__}.proof:toy",
        ),
        ProofKind(
            "psi",
            "Upload a small data set at both parties and find the rows that they share.",
            900.0,
            f"{__name__}.proof:psi",
        ),
        ProofKind(
            "lr",
            "Upload a small data set, intersect, train two epochs of hetero-LR, evaluate: the acceptance test.",
            1200.0,
            f"{__name__}.proof:lr",
        ),
    ),
    keeps="uploaded tables, models and job outputs",
    signs=("jobs/*", "model_local_cache/*", "upload/*"),
    unit_exceptions=(
        UnitException("MemoryDenyWriteExecute", "no", "Tasks use numba, which writes and runs machine code."),
        UnitException("ProcSubset", "all", "Flow and its tasks read the machine's memory and processors from /proc."),
    ),
)
