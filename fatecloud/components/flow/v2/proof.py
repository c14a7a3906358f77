"""Smoke tests of an installation with real jobs: the toy, and a hetero logistic regression on made-up data."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from fatecloud.components.flow.job_watch import Clock, JobWatch
from fatecloud.components.flow.proof_files import ProofFiles
from fatecloud.components.flow.proof_rows import DataRole, lr_rows, shared_rows
from fatecloud.components.flow.proof_traces import NodeFiles, Traces
from fatecloud.components.flow.v2 import proof_jobs
from fatecloud.components.flow.v2.answers import auc_of, intersection_of, losses_of, refusal
from fatecloud.components.flow.v2.api import FlowApi, FlowApiError
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.event import Event, Listener
from fatecloud.model.jobs import TaskState, runner_of
from fatecloud.model.proof import ProofGround, ProofResult

_LOWEST_AUC = 0.85
"""A model of the made-up data reaches 0.97 in two epochs; a job that ends with less did not train on this data."""

CLEAN_UP = 30.0
"""Seconds that are enough to stop a job and to remove what it made."""


def toy(ground: ProofGround) -> ProofResult:
    """Run the toy job; see `model.proof.Proof`."""
    clean_up = _clean_up(ground)
    return run_toy(
        _apis(ground),
        ground.guest,
        ground.host,
        ground.events,
        ground.deadline - clean_up,
        files=ProofFiles(ground.services, ground.run),
        clean_up=clean_up,
        waits=lambda: ground.waits(clean_up / 2),
    )


def lr(ground: ProofGround) -> ProofResult:
    """Run the logistic regression; see `model.proof.Proof`."""
    if ground.host not in ground.services:
        raise UsageError("only parties of this inventory can upload data; peers cannot")
    clean_up = _clean_up(ground)
    return run_lr(
        _apis(ground),
        ground.guest,
        ground.host,
        ground.events,
        ground.deadline - clean_up,
        files=ProofFiles(ground.services, ground.run),
        # Two runs never share a table.
        tag=f"fatecloud_{uuid.uuid4().hex[:10]}",
        clean_up=clean_up,
        waits=lambda: ground.waits(clean_up / 2),
    )


def _clean_up(ground: ProofGround) -> float:
    return min(CLEAN_UP, ground.deadline / 3)


def _apis(ground: ProofGround) -> dict[str, FlowApi]:
    ours = {party: ground.services[party] for party in (ground.guest, ground.host) if party in ground.services}
    return {party: flow_api(runner_of(service), ground.run(service)) for party, service in ours.items()}


def run_toy(
    api_of: Mapping[str, FlowApi],
    guest: str,
    host: str,
    events: Listener,
    deadline: float,
    *,
    files: NodeFiles,
    clean_up: float = CLEAN_UP,
    clock: Clock | None = None,
    waits: Callable[[], str] = str,
) -> ProofResult:
    """Run the toy job and wait for its success on every side that we manage.

    Args:
        api_of: the flows that we manage, by party; `guest` must be among them.
        guest: party that starts the job.
        host: the other side; the same party on an all-in-one installation.
        events: progress.
        deadline: seconds from now; the job is stopped then.
        files: removes what flow's own API leaves of the job.
        clean_up: seconds that a job may still take to end after that.
        clock: where time comes from.
        waits: returns what the services wait for while a job hangs, or after it has failed.

    Raises:
        ProofFailed: with the party, the task and its error; or with the state of each party at the deadline.
    """
    clock = clock or Clock()
    start = clock.now()
    what = f"toy {guest} -> {host}"
    traces = Traces(events, files, clock, clean_up)
    try:
        roles = [("guest", guest), ("host", host)]
        watch = _submit(what, api_of, guest, proof_jobs.toy_dag(guest, host), roles, traces, waits)
        watch.follow(events, start + deadline, clock)
        seconds = clock.now() - start
        traces.succeeded()
    finally:
        left = traces.remove()
    return ProofResult(
        kind="toy",
        id=watch.job,
        guest=guest,
        host=host,
        confirmed=tuple(sorted(watch.apis)),
        seconds={"whole": seconds},
        figures={},
        summary=(f"toy {guest} -> {host}: success in {seconds:.0f} s (job {watch.job})",),
        left=left,
    )


def run_lr(
    api_of: Mapping[str, FlowApi],
    guest: str,
    host: str,
    events: Listener,
    deadline: float,
    *,
    files: NodeFiles,
    tag: str,
    clean_up: float = CLEAN_UP,
    arbiter: str = "",
    rows: int = 200,
    clock: Clock | None = None,
    waits: Callable[[], str] = str,
) -> ProofResult:
    """Upload a small data set on both sides, run intersection, two epochs of hetero LR and evaluation on it.

    Args:
        api_of: the flows that we manage, by party; `guest` and `host` must be among them.
        guest: party with the label; it starts the job.
        host: party with the other features.
        events: progress.
        deadline: seconds from now for everything but the clean-up.
        files: puts the data on the nodes and removes it.
        clean_up: seconds that a job may still take to end after that.
        tag: names the tables of this run, so that two runs never share one.
        arbiter: the third role; the host's party unless given.
        rows: rows per party.
        clock: where time comes from.
        waits: returns what the services wait for while a job hangs, or after it has failed.

    Raises:
        ProofFailed: with the party, the task and its error; with the state of each party at the deadline; or when the
            job succeeded with a result that is not possible for this data.
    """
    clock = clock or Clock()
    start = clock.now()
    until = start + deadline
    arbiter = arbiter or host
    traces = Traces(events, files, clock, clean_up)
    sides: tuple[tuple[DataRole, str], ...] = (("guest", guest), ("host", host))
    table = {role: f"{tag}_{role}" for role, _ in sides}
    try:
        events(Event("step", f"upload {rows} rows each at {guest} and {host}"))
        uploads = [_upload(api_of, role, party, table[role], rows, traces) for role, party in sides]
        for upload in uploads:
            upload.follow(events, until, clock)
        uploaded = clock.now()
        events(Event("step", f"intersection, hetero logistic regression and evaluation {guest} -> {host}"))
        dag = proof_jobs.lr_dag(guest, host, arbiter, guest_table=table["guest"], host_table=table["host"])
        roles = [("guest", guest), ("host", host), ("arbiter", arbiter)]
        watch = _submit(f"LR {guest} -> {host}", api_of, guest, dag, roles, traces, waits)
        tasks = watch.follow(events, until, clock)
        auc, losses, shared = _outcome(watch, api_of, guest, arbiter, rows)
        timings = {"upload": uploaded - start, **_longest(tasks), "whole": clock.now() - start}
        traces.succeeded()
    finally:
        left = traces.remove()
    return ProofResult(
        kind="lr",
        id=watch.job,
        guest=guest,
        host=host,
        confirmed=tuple(sorted(watch.apis)),
        seconds=timings,
        figures={"auc": auc, "losses": losses, "shared": shared},
        summary=(
            f"hetero-LR {guest} -> {host}: success (job {watch.job})",
            f"  AUC {auc:.4f}, loss per epoch {', '.join(f'{loss:.4f}' for loss in losses)}, {shared} rows in common",
            "  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in timings.items()),
        ),
        left=left,
    )


def _submit(
    what: str,
    api_of: Mapping[str, FlowApi],
    guest: str,
    dag: Mapping[str, Any],
    roles: list[tuple[str, str]],
    traces: Traces,
    waits: Callable[[], str],
) -> JobWatch:
    apis = {party: api_of[party] for _, party in roles if party in api_of}
    expected = frozenset(key for key in roles if key[1] in apis)
    return _started(what, apis, apis[guest], expected, traces, lambda: apis[guest].submit(dag), waits)


def _upload(
    api_of: Mapping[str, FlowApi], role: DataRole, party: str, table: str, rows: int, traces: Traces
) -> JobWatch:
    api = api_of[party]
    path = traces.put(party, f"{table}.csv", lr_rows(role, rows, seed=rows).encode())
    traces.table(party, api, table)
    request = proof_jobs.upload_request(role, path, table)
    what = f"upload at {party} ({role})"
    return _started(what, {party: api}, api, frozenset({("local", "0")}), traces, lambda: api.upload(request))


def _started(
    what: str,
    apis: Mapping[str, FlowApi],
    owner: FlowApi,
    expected: frozenset[tuple[str, str]],
    traces: Traces,
    start: Callable[[], str],
    waits: Callable[[], str] = str,
) -> JobWatch:
    try:
        return traces.job(JobWatch(what, start(), owner, apis, expected, waits))
    except FlowApiError as error:
        if error.job:
            traces.job(JobWatch(what, error.job, owner, apis, expected))
        raise ProofFailed(
            f"{what}: the job was not accepted: {refusal(error.reason)}",
            remedy="`fatecloud check` looks at the services and the routes between the parties",
        ) from None


def _outcome(
    watch: JobWatch, api_of: Mapping[str, FlowApi], guest: str, arbiter: str, rows: int
) -> tuple[float, tuple[float, ...], int]:
    metrics = api_of[guest].metrics
    auc = auc_of(metrics(watch.job, "guest", guest, proof_jobs.EVALUATION_TASK))
    shared = intersection_of(metrics(watch.job, "guest", guest, proof_jobs.PSI_TASK))
    losses: tuple[float, ...] = ()
    if arbiter in api_of:
        losses = losses_of(api_of[arbiter].metrics(watch.job, "arbiter", arbiter, proof_jobs.LR_TASK))
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
