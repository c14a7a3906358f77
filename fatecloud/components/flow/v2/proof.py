"""Smoke tests with real jobs: the toy, an intersection and a hetero logistic regression on made-up data."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from fatecloud.components.flow.attempt import Attempt, Success, attempt_on, proved, started, submitted, toy_proved
from fatecloud.components.flow.job_watch import JobWatch
from fatecloud.components.flow.proof_rows import DataRole, lr_rows, shared_rows
from fatecloud.components.flow.proof_traces import Traces
from fatecloud.components.flow.v2 import proof_jobs
from fatecloud.components.flow.v2.answers import auc_of, intersection_of, losses_of, refusal
from fatecloud.components.flow.v2.api import FlowApi
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.event import Event
from fatecloud.model.jobs import TaskState
from fatecloud.model.proof import ProofGround, ProofResult

_LOWEST_AUC = 0.85
"""A model of the made-up data reaches 0.97 in two epochs; a job that ends with less did not train on this data."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    return run_toy(_attempt(ground))


def psi(ground: ProofGround) -> ProofResult:
    """Run the intersection; see `model.proof.Proof`."""
    return run_psi(_with_data(ground), tag=_tag())


def lr(ground: ProofGround) -> ProofResult:
    """Run the logistic regression; see `model.proof.Proof`."""
    return run_lr(_with_data(ground), tag=_tag())


def _with_data(ground: ProofGround) -> Attempt[FlowApi]:
    if ground.host not in ground.services:
        raise UsageError("only parties of this inventory can upload data; peers cannot")
    return _attempt(ground)


def _attempt(ground: ProofGround) -> Attempt[FlowApi]:
    return attempt_on(ground, flow_api)


def _tag() -> str:
    """For the names of tables, which two runs never share."""
    return f"fatecloud_{uuid.uuid4().hex[:10]}"


def run_toy(attempt: Attempt[FlowApi]) -> ProofResult:
    """Run the toy job; see `toy_proved`."""
    return toy_proved(attempt, proof_jobs.toy_dag(attempt.guest, attempt.host), refusal)


def run_psi(attempt: Attempt[FlowApi], *, tag: str, rows: int = 200) -> ProofResult:
    """Upload a small data set on both sides, and find the rows that they share.

    Args:
        attempt: both sides must be ours.
        tag: names the tables of this run.
        rows: rows per party.

    Raises:
        ProofFailed: as for `run_lr`.
    """
    clock, guest, host = attempt.clock, attempt.guest, attempt.host
    start, what = clock.now(), f"{guest} -> {host}"

    def steps(traces: Traces) -> Success:
        table, uploaded = _uploaded(attempt, tag, rows, traces, start)
        attempt.events(Event("step", f"intersection {what}"))
        dag = proof_jobs.psi_dag(guest, host, guest_table=table["guest"], host_table=table["host"])
        watch = submitted(f"PSI {what}", attempt, dag, [("guest", guest), ("host", host)], traces, refusal)
        tasks = watch.follow(attempt.events, start + attempt.deadline, clock)
        shared = _shared(watch, attempt, rows)
        timings = {"upload": uploaded, **_longest(tasks), "whole": clock.now() - start}
        summary = (f"PSI {what}: success (job {watch.job})", f"  {shared} rows in common", _seconds(timings))
        return Success(watch, timings, {"shared": shared}, summary)

    return proved("psi", attempt, steps)


def run_lr(attempt: Attempt[FlowApi], *, tag: str, arbiter: str = "", rows: int = 200) -> ProofResult:
    """Upload a small data set on both sides, run intersection, two epochs of hetero LR and evaluation on it.

    Args:
        attempt: the guest has the label, the host the other features; both must be ours.
        tag: names the tables of this run, so that two runs never share one.
        arbiter: the third role; the host's party unless given.
        rows: rows per party.

    Raises:
        ProofFailed: with the party, the task and its error; with the state of each party at the deadline; or when the
            job succeeded with a result that is not possible for this data.
    """
    clock, guest, host, arbiter = attempt.clock, attempt.guest, attempt.host, arbiter or attempt.host
    start, what = clock.now(), f"{guest} -> {host}"

    def steps(traces: Traces) -> Success:
        table, uploaded = _uploaded(attempt, tag, rows, traces, start)
        attempt.events(Event("step", f"intersection, hetero logistic regression and evaluation {what}"))
        dag = proof_jobs.lr_dag(guest, host, arbiter, guest_table=table["guest"], host_table=table["host"])
        roles = [("guest", guest), ("host", host), ("arbiter", arbiter)]
        watch = submitted(f"LR {what}", attempt, dag, roles, traces, refusal)
        tasks = watch.follow(attempt.events, start + attempt.deadline, clock)
        auc, losses, shared = _outcome(watch, attempt, arbiter, rows)
        timings = {"upload": uploaded, **_longest(tasks), "whole": clock.now() - start}
        summary = (
            f"hetero-LR {what}: success (job {watch.job})",
            f"  AUC {auc:.4f}, loss per epoch {', '.join(f'{loss:.4f}' for loss in losses)}, {shared} rows in common",
            _seconds(timings),
        )
        return Success(watch, timings, {"auc": auc, "losses": losses, "shared": shared}, summary)

    return proved("lr", attempt, steps)


def _uploaded(
    attempt: Attempt[FlowApi], tag: str, rows: int, traces: Traces, start: float
) -> tuple[dict[DataRole, str], float]:
    """Upload both sides' data: the table of each, and the seconds since the start."""
    sides: tuple[tuple[DataRole, str], ...] = (("guest", attempt.guest), ("host", attempt.host))
    table = {role: f"{tag}_{role}" for role, _ in sides}
    attempt.events(Event("step", f"upload {rows} rows each at {attempt.guest} and {attempt.host}"))
    uploads = [_upload(attempt, role, party, table[role], rows, traces) for role, party in sides]
    for upload in uploads:
        upload.follow(attempt.events, start + attempt.deadline, attempt.clock)
    return table, attempt.clock.now() - start


def _upload(attempt: Attempt[FlowApi], role: DataRole, party: str, table: str, rows: int, traces: Traces) -> JobWatch:
    api = attempt.apis[party]
    path = traces.put(party, f"{table}.csv", lr_rows(role, rows, seed=rows).encode())
    traces.table(party, api, table)
    request = proof_jobs.upload_request(role, path, table)
    what = f"upload at {party} ({role})"
    watch = JobWatch(what, "", api, {party: api}, frozenset({("local", "0")}))
    return started(watch, traces, lambda: api.upload(request), refusal)


def _outcome(
    watch: JobWatch, attempt: Attempt[FlowApi], arbiter: str, rows: int
) -> tuple[float, tuple[float, ...], int]:
    shared = _shared(watch, attempt, rows)
    guest = attempt.guest
    auc = auc_of(attempt.apis[guest].metrics(watch.job, "guest", guest, proof_jobs.EVALUATION_TASK))
    losses: tuple[float, ...] = ()
    if arbiter in attempt.apis:
        losses = losses_of(attempt.apis[arbiter].metrics(watch.job, "arbiter", arbiter, proof_jobs.LR_TASK))
    if auc is None or auc < _LOWEST_AUC:
        raise ProofFailed(f"{watch.what}: the job succeeded with AUC {auc}, expected at least {_LOWEST_AUC}")
    return auc, losses, shared


def _shared(watch: JobWatch, attempt: Attempt[FlowApi], rows: int) -> int:
    """How many rows both sides have. Raises ProofFailed for a number that is not possible for this data."""
    metrics = attempt.apis[attempt.guest].metrics(watch.job, "guest", attempt.guest, proof_jobs.PSI_TASK)
    shared, expected = intersection_of(metrics), shared_rows(rows)
    if shared != expected:
        raise ProofFailed(f"{watch.what}: the intersection found {shared} rows, expected {expected}")
    return expected


def _seconds(timings: Mapping[str, float]) -> str:
    return "  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in timings.items())


def _longest(tasks: tuple[TaskState, ...]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for task in sorted(tasks, key=lambda task: task.ended_at):
        seconds[task.task] = max(seconds.get(task.task, 0.0), task.elapsed)
    return seconds
