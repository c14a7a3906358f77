"""Smoke tests of an installation with real jobs: the toy, and a hetero logistic regression on made-up data."""

from __future__ import annotations

import uuid

from fatecloud.components.flow.job_watch import JobWatch
from fatecloud.components.flow.proof_rows import DataRole, lr_rows, shared_rows
from fatecloud.components.flow.proof_traces import Traces
from fatecloud.components.flow.v2 import proof_jobs
from fatecloud.components.flow.v2.answers import auc_of, intersection_of, losses_of
from fatecloud.components.flow.v2.attempt import Attempt, Success, attempt_on, proved, started, submitted
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.event import Event
from fatecloud.model.jobs import TaskState
from fatecloud.model.proof import ProofGround, ProofResult

_LOWEST_AUC = 0.85
"""A model of the made-up data reaches 0.97 in two epochs; a job that ends with less did not train on this data."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    return run_toy(attempt_on(ground))


def lr(ground: ProofGround) -> ProofResult:
    """Run the logistic regression; see `model.proof.Proof`."""
    if ground.host not in ground.services:
        raise UsageError("only parties of this inventory can upload data; peers cannot")
    # Two runs never share a table.
    return run_lr(attempt_on(ground), tag=f"fatecloud_{uuid.uuid4().hex[:10]}")


def run_toy(attempt: Attempt) -> ProofResult:
    """Run the toy job and wait for its success on every side that we manage.

    Raises:
        ProofFailed: with the party, the task and its error; or with the state of each party at the deadline.
    """
    clock, guest, host = attempt.clock, attempt.guest, attempt.host
    start, what = clock.now(), f"toy {guest} -> {host}"

    def steps(traces: Traces) -> Success:
        roles = [("guest", guest), ("host", host)]
        watch = submitted(what, attempt, proof_jobs.toy_dag(guest, host), roles, traces)
        watch.follow(attempt.events, start + attempt.deadline, clock)
        seconds = clock.now() - start
        return Success(watch, {"whole": seconds}, {}, (f"{what}: success in {seconds:.0f} s (job {watch.job})",))

    return proved("toy", attempt, steps)


def run_lr(attempt: Attempt, *, tag: str, arbiter: str = "", rows: int = 200) -> ProofResult:
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
    until = start + attempt.deadline
    sides: tuple[tuple[DataRole, str], ...] = (("guest", guest), ("host", host))
    table = {role: f"{tag}_{role}" for role, _ in sides}

    def steps(traces: Traces) -> Success:
        attempt.events(Event("step", f"upload {rows} rows each at {guest} and {host}"))
        uploads = [_upload(attempt, role, party, table[role], rows, traces) for role, party in sides]
        for upload in uploads:
            upload.follow(attempt.events, until, clock)
        uploaded = clock.now()
        attempt.events(Event("step", f"intersection, hetero logistic regression and evaluation {what}"))
        dag = proof_jobs.lr_dag(guest, host, arbiter, guest_table=table["guest"], host_table=table["host"])
        roles = [("guest", guest), ("host", host), ("arbiter", arbiter)]
        watch = submitted(f"LR {what}", attempt, dag, roles, traces)
        tasks = watch.follow(attempt.events, until, clock)
        auc, losses, shared = _outcome(watch, attempt, arbiter, rows)
        timings = {"upload": uploaded - start, **_longest(tasks), "whole": clock.now() - start}
        summary = (
            f"hetero-LR {what}: success (job {watch.job})",
            f"  AUC {auc:.4f}, loss per epoch {', '.join(f'{loss:.4f}' for loss in losses)}, {shared} rows in common",
            "  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in timings.items()),
        )
        return Success(watch, timings, {"auc": auc, "losses": losses, "shared": shared}, summary)

    return proved("lr", attempt, steps)


def _upload(attempt: Attempt, role: DataRole, party: str, table: str, rows: int, traces: Traces) -> JobWatch:
    api = attempt.apis[party]
    path = traces.put(party, f"{table}.csv", lr_rows(role, rows, seed=rows).encode())
    traces.table(party, api, table)
    request = proof_jobs.upload_request(role, path, table)
    what = f"upload at {party} ({role})"
    return started(what, {party: api}, api, frozenset({("local", "0")}), traces, lambda: api.upload(request))


def _outcome(watch: JobWatch, attempt: Attempt, arbiter: str, rows: int) -> tuple[float, tuple[float, ...], int]:
    guest, metrics = attempt.guest, attempt.apis[attempt.guest].metrics
    auc = auc_of(metrics(watch.job, "guest", guest, proof_jobs.EVALUATION_TASK))
    shared = intersection_of(metrics(watch.job, "guest", guest, proof_jobs.PSI_TASK))
    losses: tuple[float, ...] = ()
    if arbiter in attempt.apis:
        losses = losses_of(attempt.apis[arbiter].metrics(watch.job, "arbiter", arbiter, proof_jobs.LR_TASK))
    expected = shared_rows(rows)
    if shared != expected:
        raise ProofFailed(f"{watch.what}: the intersection found {shared} rows, expected {expected}")
    if auc is None or auc < _LOWEST_AUC:
        raise ProofFailed(f"{watch.what}: the job succeeded with AUC {auc}, expected at least {_LOWEST_AUC}")
    return auc, losses, shared


def _longest(tasks: tuple[TaskState, ...]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for task in sorted(tasks, key=lambda task: task.ended_at):
        seconds[task.task] = max(seconds.get(task.task, 0.0), task.elapsed)
    return seconds
