"""Smoke tests on made-up data that both parties upload: an intersection, and a hetero logistic regression."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fatecloud.components.flow.attempt import Attempt, Success, attempt_on, proved, started, submitted
from fatecloud.components.flow.job_watch import JobWatch
from fatecloud.components.flow.proof_figures import auc, losses, shared
from fatecloud.components.flow.proof_rows import DataRole, lr_rows, shared_rows
from fatecloud.components.flow.proof_traces import Tables, Traces
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.event import Event
from fatecloud.model.jobs import JobApi, JobRunner, Run, TaskState
from fatecloud.model.proof import ProofGround, ProofResult

_LOWEST_AUC = 0.85
"""A model of the made-up data reaches 0.97 in two epochs; a job that ends with less did not train on this data."""


class DataApi(JobApi, Tables, Protocol):
    """The jobs and the tables of one flow."""

    def upload(self, request: Mapping[str, Any]) -> str:
        """Start reading a file of flow's node into a table, and return the id of the job that does it."""


@dataclass(frozen=True, slots=True)
class DataJobs:
    """The jobs as flows of one generation take them."""

    upload: Callable[[DataRole, str, str], Mapping[str, Any]]
    """Makes the request for a file of `lr_rows`: role, path on flow's node, table."""
    psi: Callable[[str, str, Mapping[DataRole, str]], Mapping[str, Any]]
    """Guest, host, and the table of each."""
    lr: Callable[[str, str, str, Mapping[DataRole, str]], Mapping[str, Any]]
    """Guest, host, arbiter, and the tables."""
    psi_task: str
    lr_task: str
    evaluation_task: str


def with_data(ground: ProofGround, api_at: Callable[[JobRunner, Run], DataApi], **more: Any) -> Attempt[DataApi]:
    """See `attempt_on`, which gets `more`. Raises UsageError where a side is not ours: its rows cannot be uploaded."""
    if ground.host not in ground.services:
        raise UsageError("only parties of this inventory can upload data; peers cannot")
    return attempt_on(ground, api_at, **more)


def new_tag() -> str:
    """For the names of tables, which two runs never share."""
    return f"fatecloud_{uuid.uuid4().hex[:10]}"


def psi_proved(attempt: Attempt[Any], jobs: DataJobs, *, tag: str, rows: int = 200) -> ProofResult:
    """Upload a small data set on both sides, and find the rows that they share.

    Args:
        attempt: both sides must be ours; their flows have a `DataApi`.
        jobs: as these flows take them.
        tag: names the tables of this run.
        rows: rows per party.

    Raises:
        ProofFailed: as for `lr_proved`.
    """
    clock, guest, host = attempt.clock, attempt.guest, attempt.host
    start, what = clock.now(), f"{guest} -> {host}"

    def steps(traces: Traces) -> Success:
        table, uploaded = _uploaded(attempt, jobs, tag, rows, traces, start)
        attempt.events(Event("step", f"intersection {what}"))
        roles = [("guest", guest), ("host", host)]
        watch = submitted(f"PSI {what}", attempt, jobs.psi(guest, host, table), roles, traces)
        tasks = watch.follow(attempt.events, start + attempt.deadline, clock)
        common = _shared(watch, attempt, jobs, rows)
        timings = {"upload": uploaded, **_longest(tasks), "whole": clock.now() - start}
        summary = (f"PSI {what}: success (job {watch.job})", f"  {common} rows in common", _seconds(timings))
        return Success(watch, timings, {"shared": common}, summary)

    return proved("psi", attempt, steps)


def lr_proved(attempt: Attempt[Any], jobs: DataJobs, *, tag: str, rows: int = 200) -> ProofResult:
    """Upload a small data set on both sides, run intersection, two epochs of hetero LR and evaluation on it.

    Args:
        attempt: the guest has the label, the host the other features and the arbiter; both must be ours.
        jobs: as their flows take them.
        tag: names the tables of this run, so that two runs never share one.
        rows: rows per party.

    Raises:
        ProofFailed: with the party, the task and its error; with the state of each party at the deadline; or when the
            job succeeded with a result that is not possible for this data.
    """
    clock, guest, host = attempt.clock, attempt.guest, attempt.host
    start, what = clock.now(), f"{guest} -> {host}"

    def steps(traces: Traces) -> Success:
        table, uploaded = _uploaded(attempt, jobs, tag, rows, traces, start)
        attempt.events(Event("step", f"intersection, hetero logistic regression and evaluation {what}"))
        roles = [("guest", guest), ("host", host), ("arbiter", host)]
        watch = submitted(f"LR {what}", attempt, jobs.lr(guest, host, host, table), roles, traces)
        tasks = watch.follow(attempt.events, start + attempt.deadline, clock)
        curve, loss, common = _outcome(watch, attempt, jobs, rows)
        timings = {"upload": uploaded, **_longest(tasks), "whole": clock.now() - start}
        summary = (
            f"hetero-LR {what}: success (job {watch.job})",
            f"  AUC {curve:.4f}, loss per epoch {', '.join(f'{one:.4f}' for one in loss)}, {common} rows in common",
            _seconds(timings),
        )
        return Success(watch, timings, {"auc": curve, "losses": loss, "shared": common}, summary)

    return proved("lr", attempt, steps)


def _uploaded(
    attempt: Attempt[Any], jobs: DataJobs, tag: str, rows: int, traces: Traces, start: float
) -> tuple[dict[DataRole, str], float]:
    """Upload both sides' data: the table of each, and the seconds since the start."""
    sides: tuple[tuple[DataRole, str], ...] = (("guest", attempt.guest), ("host", attempt.host))
    table = {role: f"{tag}_{role}" for role, _ in sides}
    attempt.events(Event("step", f"upload {rows} rows each at {attempt.guest} and {attempt.host}"))
    uploads = [_upload(attempt, jobs, role, party, table[role], rows, traces) for role, party in sides]
    for upload in uploads:
        upload.follow(attempt.events, start + attempt.deadline, attempt.clock)
    return table, attempt.clock.now() - start


def _upload(
    attempt: Attempt[Any], jobs: DataJobs, role: DataRole, party: str, table: str, rows: int, traces: Traces
) -> JobWatch:
    api: DataApi = attempt.apis[party]
    path = traces.put(party, f"{table}.csv", lr_rows(role, rows, seed=rows).encode())
    traces.table(party, api, table)
    request = jobs.upload(role, path, table)
    what = f"upload at {party} ({role})"
    watch = JobWatch(what, "", api, {party: api}, frozenset({("local", "0")}))
    return started(watch, traces, lambda: api.upload(request))


def _outcome(watch: JobWatch, attempt: Attempt[Any], jobs: DataJobs, rows: int) -> tuple[float, tuple[float, ...], int]:
    common = _shared(watch, attempt, jobs, rows)
    guest, host = attempt.guest, attempt.host
    curve = auc(attempt.apis[guest].measures(watch.job, "guest", guest, jobs.evaluation_task))
    loss = losses(attempt.apis[host].measures(watch.job, "arbiter", host, jobs.lr_task))
    if curve is None or curve < _LOWEST_AUC:
        raise ProofFailed(f"{watch.what}: the job succeeded with AUC {curve}, expected at least {_LOWEST_AUC}")
    return curve, loss, common


def _shared(watch: JobWatch, attempt: Attempt[Any], jobs: DataJobs, rows: int) -> int:
    """How many rows both sides have. Raises ProofFailed for a number that is not possible for this data."""
    found = shared(attempt.apis[attempt.guest].measures(watch.job, "guest", attempt.guest, jobs.psi_task))
    expected = shared_rows(rows)
    if found != expected:
        raise ProofFailed(f"{watch.what}: the intersection found {found} rows, expected {expected}")
    return expected


def _seconds(timings: Mapping[str, float]) -> str:
    return "  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in timings.items())


def _longest(tasks: tuple[TaskState, ...]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for task in sorted(tasks, key=lambda task: task.ended_at):
        seconds[task.task] = max(seconds.get(task.task, 0.0), task.elapsed)
    return seconds
