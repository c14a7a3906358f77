"""Smoke tests of an installation with real jobs: the toy, and a hetero logistic regression on made-up data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.flow import proof
from fatecloud.components.flow.answers import TaskState, auc_of, intersection_of, losses_of, refusal
from fatecloud.components.flow.api import FlowApi, FlowApiError
from fatecloud.errors import ProofFailed
from fatecloud.model.event import Event, Listener
from fatecloud.workflow.proof_job import Clock, JobWatch
from fatecloud.workflow.proof_traces import NodeFiles, Traces

_LOWEST_AUC = 0.85
"""A model of the made-up data reaches 0.97 in two epochs; a job that ends with less did not train on this data."""

CLEAN_UP = 30.0
"""Seconds that are enough to stop a job and to remove what it made."""


@dataclass(frozen=True, slots=True)
class ToyResult:
    """A toy job that succeeded."""

    job: str
    guest: str
    host: str
    confirmed: tuple[str, ...]
    """Parties whose own flow confirms the success; a peer that we do not manage is not asked."""
    seconds: float
    left: tuple[str, ...]
    """What could not be removed, in words; empty when everything is gone."""


@dataclass(frozen=True, slots=True)
class LrResult:
    """A hetero logistic regression that succeeded."""

    job: str
    guest: str
    host: str
    arbiter: str
    shared: int
    """Rows that the intersection found."""
    auc: float
    losses: tuple[float, ...]
    """Loss per epoch."""
    timings: Mapping[str, float]
    """Seconds for `upload`, each task by its name, and `whole`."""
    left: tuple[str, ...]


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
) -> ToyResult:
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
        watch = _submit(what, api_of, guest, proof.toy_dag(guest, host), roles, traces, waits)
        watch.follow(events, start + deadline, clock)
        seconds = clock.now() - start
        traces.succeeded()
    finally:
        left = traces.remove()
    return ToyResult(watch.job, guest, host, tuple(sorted(watch.apis)), seconds, left)


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
) -> LrResult:
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
    sides: tuple[tuple[proof.DataRole, str], ...] = (("guest", guest), ("host", host))
    table = {role: f"{tag}_{role}" for role, _ in sides}
    try:
        events(Event("step", f"upload {rows} rows each at {guest} and {host}"))
        uploads = [_upload(api_of, role, party, table[role], rows, traces) for role, party in sides]
        for upload in uploads:
            upload.follow(events, until, clock)
        uploaded = clock.now()
        events(Event("step", f"intersection, hetero logistic regression and evaluation {guest} -> {host}"))
        dag = proof.lr_dag(guest, host, arbiter, guest_table=table["guest"], host_table=table["host"])
        roles = [("guest", guest), ("host", host), ("arbiter", arbiter)]
        watch = _submit(f"LR {guest} -> {host}", api_of, guest, dag, roles, traces, waits)
        tasks = watch.follow(events, until, clock)
        auc, losses, shared = _outcome(watch, guest, arbiter, rows)
        timings = {"upload": uploaded - start, **_longest(tasks), "whole": clock.now() - start}
        traces.succeeded()
    finally:
        left = traces.remove()
    return LrResult(watch.job, guest, host, arbiter, shared, auc, losses, timings, left)


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
    api_of: Mapping[str, FlowApi], role: proof.DataRole, party: str, table: str, rows: int, traces: Traces
) -> JobWatch:
    api = api_of[party]
    path = traces.put(party, f"{table}.csv", proof.lr_rows(role, rows, seed=rows).encode())
    traces.table(party, api, table)
    request = proof.upload_request(role, path, table)
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


def _outcome(watch: JobWatch, guest: str, arbiter: str, rows: int) -> tuple[float, tuple[float, ...], int]:
    metrics = watch.owner.metrics
    auc = auc_of(metrics(watch.job, "guest", guest, proof.EVALUATION_TASK))
    shared = intersection_of(metrics(watch.job, "guest", guest, proof.PSI_TASK))
    losses: tuple[float, ...] = ()
    if arbiter in watch.apis:
        losses = losses_of(watch.apis[arbiter].metrics(watch.job, "arbiter", arbiter, proof.LR_TASK))
    expected = proof.shared_rows(rows)
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
