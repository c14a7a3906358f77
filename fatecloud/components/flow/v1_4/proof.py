"""The smoke test with a real job: FATE's toy, in which both parties add up random numbers without showing them."""

from __future__ import annotations

from typing import Any

from fatecloud.components.flow.attempt import attempt_on, toy_proved
from fatecloud.components.flow.v1.proof_jobs import TOY_TASK
from fatecloud.components.flow.v1_4.job_api import flow_api
from fatecloud.model.proof import ProofGround, ProofResult

_CLUSTER = 1
"""Work mode of a flow with EggRoll."""
_PARTITIONS, _NUMBERS = 2, 1000
"""Small, to be quick."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    attempt = attempt_on(ground, flow_api, forgets=False)
    return toy_proved(attempt, toy_job(attempt.guest, attempt.host))


def toy_job(guest: str, host: str) -> dict[str, Any]:
    """The job of FATE's own connectivity test. Flow 1.x takes ids of parties as numbers alone."""
    own, other = int(guest), int(host)
    seeds = {"guest": 123, "host": 321}
    return {
        "job_dsl": {"components": {TOY_TASK: {"module": "SecureAddExample"}}},
        "job_runtime_conf": {
            "initiator": {"role": "guest", "party_id": own},
            "job_parameters": {"work_mode": _CLUSTER},
            "role": {"guest": [own], "host": [other]},
            "role_parameters": {role: {TOY_TASK: {"seed": [seed]}} for role, seed in seeds.items()},
            "algorithm_parameters": {TOY_TASK: {"partition": _PARTITIONS, "data_num": _NUMBERS}},
        },
    }
