"""FATE-Flow: schedules jobs and runs their tasks."""

from __future__ import annotations

from fatecloud.components.flow.cores import judge
from fatecloud.components.flow.database import requires
from fatecloud.components.flow.v2 import sites
from fatecloud.components.flow.v2.want import want
from fatecloud.components.question import question
from fatecloud.components.residues import RESIDUE_KEYS
from fatecloud.model.component import ANYONE, Component, ConfigKey, PortSpec
from fatecloud.model.proof import ProofKind
from fatecloud.model.protections import UnitException
from fatecloud.model.runtime import PythonRuntime

COMPONENT = Component(
    name="flow",
    summary="FATE-Flow",
    architectures=("standalone", "rabbitmq", "eggroll"),
    config=(
        ConfigKey(
            "computing.cores",
            "int",
            None,
            "Cores that all jobs together may ask for; derived: `cores` of the node where the inventory "
            "gives them, else 32, as upstream, or what the node has where that is more.",
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
        ConfigKey(
            "jobs.partitions", "int", 8, "Partitions of a job's tables if the job does not set them itself.", 1, 1024
        ),
        ConfigKey("jobs.timeout", "int", 259200, "Seconds after which a task is stopped.", 60, 31536000),
        ConfigKey("log_level", "int", 20, "10 debug, 20 info, 30 warning, 40 error.", 10, 40),
        ConfigKey("database.connections", "int", 100, "Connections that flow may hold open.", 10, 10000),
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that its API listens on; derived: 127.0.0.1 while the whole party is on its node, "
            "else `bind` or `advertise` of the node. With EggRoll the packets of all but the party's nodes are then "
            "dropped, where all of these have addresses. "
            "Set it where flow has users elsewhere.",
        ),
        ConfigKey(
            "authentication.client",
            "bool",
            default=False,
            doc="Whether flow's API takes signed requests only. FATE's `pipeline` and its board cannot sign.",
        ),
        ConfigKey(
            "authentication.site",
            "bool",
            None,
            "Whether the parties sign their requests to each other; derived: yes where each other party is of this "
            "inventory, or gives `apps` to every party of it.",
        ),
        *RESIDUE_KEYS,
        ConfigKey("broker.message_size", "size", 1048576, "Largest message between the brokers.", 65536, 134217728),
    ),
    ports=(
        # The other nodes of the party ask for its running jobs before they stop a service.
        PortSpec("http", 9380, "API for clients, for the party's own proxy and for flow's tasks", clients=(ANYONE,)),
        PortSpec("grpc", 9360, "API for OSX, which speaks gRPC", clients=(ANYONE,), used=False),
    ),
    want=want,
    judge=judge,
    judge_parties=sites.judge,
    secrets=sites.secrets,
    runtime=PythonRuntime("fate"),
    requires=requires,
    job_question=question("flow.jobs", "v2/probe_jobs.py", "{host}", "{port}", "{settings}", timeout=20),
    job_api=f"{__name__}.job_api:flow_api",
    publishes_not="FATE-Flow 2 answers code 0 when it is to load or move a model, and does nothing; it has no way to "
    "publish or bind one. Train it on FATE 1.x",
    models_from=f"{__name__}.carried:FlowModels",
    models_into=f"{__name__}.carried:FlowModels",
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
            600.0,
            f"{__name__}.proof:psi",
        ),
        ProofKind(
            "lr",
            "Upload a small data set, intersect, train two epochs of hetero-LR, evaluate: the acceptance test.",
            900.0,
            f"{__name__}.proof:lr",
        ),
    ),
    keeps="uploaded tables, models and job outputs",
    signs=("tables/*", "model/*", "jobs/*", "upload/*", "fate_flow_sqlite.db"),
    unit_exceptions=(
        UnitException("MemoryDenyWriteExecute", "no", "Tasks use torch, which writes and runs machine code."),
        UnitException("ProcSubset", "all", "Flow and its tasks read the machine's memory and processors from /proc."),
    ),
)
