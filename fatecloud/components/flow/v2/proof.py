"""Smoke tests with real jobs: the toy, an intersection and a hetero logistic regression on made-up data."""

from __future__ import annotations

from fatecloud.components.flow.attempt import Attempt, attempt_on, toy_proved
from fatecloud.components.flow.data_proofs import DataJobs, lr_proved, new_tag, psi_proved, with_data
from fatecloud.components.flow.v2 import proof_jobs
from fatecloud.components.flow.v2.api import FlowApi
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.model.proof import ProofGround, ProofResult

JOBS = DataJobs(
    proof_jobs.upload_request,
    proof_jobs.psi_dag,
    proof_jobs.lr_dag,
    proof_jobs.PSI_TASK,
    proof_jobs.LR_TASK,
    proof_jobs.EVALUATION_TASK,
)


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    return run_toy(attempt_on(ground, flow_api))


def psi(ground: ProofGround) -> ProofResult:
    """Run the intersection; see `model.proof.Proof`."""
    return psi_proved(with_data(ground, flow_api), JOBS, tag=new_tag())


def lr(ground: ProofGround) -> ProofResult:
    """Run the logistic regression; see `model.proof.Proof`."""
    return lr_proved(with_data(ground, flow_api), JOBS, tag=new_tag())


def run_toy(attempt: Attempt[FlowApi]) -> ProofResult:
    """Run the toy job; see `toy_proved`."""
    return toy_proved(attempt, proof_jobs.toy_dag(attempt.guest, attempt.host))
