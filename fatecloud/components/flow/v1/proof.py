"""The smoke test with a real job: FATE's toy, in which both parties add up random numbers without showing them."""

from __future__ import annotations

from typing import Any

from fatecloud.components.flow.attempt import Attempt, attempt_on, toy_proved
from fatecloud.components.flow.v1.api import FlowApi
from fatecloud.components.flow.v1.job_api import flow_api
from fatecloud.model.proof import ProofGround, ProofResult

TASK = "secure_add_example_0"
_PARTITIONS, _NUMBERS = 2, 1000
"""Small, to be quick. It asks for the party's default cores, so a limit that refuses every job refuses this one too."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    # Flow keeps the rows of a job that was cleaned.
    return run_toy(attempt_on(ground, flow_api, forgets=False))


def run_toy(attempt: Attempt[FlowApi]) -> ProofResult:
    """Run the toy job; see `toy_proved`."""
    return toy_proved(attempt, toy_job(attempt.guest, attempt.host))


def toy_job(guest: str, host: str) -> dict[str, Any]:
    """The job of FATE's own connectivity test. Flow 1.x takes ids of parties as numbers alone."""
    own, other = int(guest), int(host)
    seeds = {"guest": 123, "host": 321}
    return {
        "job_dsl": {"components": {TASK: {"module": "SecureAddExample"}}},
        "job_runtime_conf": {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": own},
            "role": {"guest": [own], "host": [other]},
            "job_parameters": {"common": {}},
            "component_parameters": {
                "common": {TASK: {"partition": _PARTITIONS, "data_num": _NUMBERS}},
                "role": {role: {"0": {TASK: {"seed": seed}}} for role, seed in seeds.items()},
            },
        },
    }
