"""Smoke tests with real jobs: the toy, an intersection and a hetero logistic regression on made-up data."""

from __future__ import annotations

from fatecloud.components.flow.attempt import Attempt, attempt_on, toy_proved
from fatecloud.components.flow.data_proofs import DataJobs, lr_proved, new_tag, psi_proved, with_data
from fatecloud.components.flow.v1 import proof_jobs
from fatecloud.components.flow.v1.api import FlowApi
from fatecloud.components.flow.v1.job_api import flow_api
from fatecloud.model.proof import ProofGround, ProofResult

JOBS = DataJobs(
    proof_jobs.upload_request,
    proof_jobs.psi_job,
    proof_jobs.lr_job,
    proof_jobs.PSI_TASK,
    proof_jobs.LR_TASK,
    proof_jobs.EVALUATION_TASK,
)
# Flow keeps the rows of a job that was cleaned.
_FORGETS = False
_CLEAN_UP = 240.0
"""Seconds: it deletes each table of a job in sessions of EggRoll's. On a loaded node a job of ours took it 75."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    return run_toy(attempt_on(ground, flow_api, forgets=_FORGETS))


def psi(ground: ProofGround) -> ProofResult:
    """Run the intersection; see `model.proof.Proof`."""
    return psi_proved(with_data(ground, flow_api, forgets=_FORGETS, clean_up=_CLEAN_UP), JOBS, tag=new_tag())


def lr(ground: ProofGround) -> ProofResult:
    """Run the logistic regression; see `model.proof.Proof`."""
    return lr_proved(with_data(ground, flow_api, forgets=_FORGETS, clean_up=_CLEAN_UP), JOBS, tag=new_tag())


def run_toy(attempt: Attempt[FlowApi]) -> ProofResult:
    """Run the toy job; see `toy_proved`."""
    return toy_proved(attempt, proof_jobs.toy_job(attempt.guest, attempt.host))
