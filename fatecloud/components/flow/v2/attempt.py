"""One smoke test while it runs: with what its jobs are started, and what is left of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.components.flow.job_watch import Clock, JobWatch
from fatecloud.components.flow.proof_files import ProofFiles
from fatecloud.components.flow.proof_traces import NodeFiles, Traces
from fatecloud.components.flow.v2.answers import refusal
from fatecloud.components.flow.v2.api import FlowApi, FlowApiError
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.errors import ProofFailed
from fatecloud.model.event import Listener
from fatecloud.model.jobs import runner_of
from fatecloud.model.proof import ProofGround, ProofResult

CLEAN_UP = 30.0
"""Seconds that are enough to stop a job and to remove what it made."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the jobs of a smoke test are run with."""

    apis: Mapping[str, FlowApi]
    """The flows that we manage, by party; `guest` must be among them."""
    guest: str
    """Party that starts the job."""
    host: str
    """The other side; the same party on an all-in-one installation."""
    events: Listener
    """Progress."""
    deadline: float
    """Seconds for everything but the clean-up; a job is stopped then."""
    files: NodeFiles
    """Puts data on the nodes, and removes it and what flow's own API leaves of a job."""
    clean_up: float = CLEAN_UP
    """Seconds that a job may still take to end after that."""
    clock: Clock = field(default_factory=Clock)
    waits: Callable[[], str] = str
    """Returns what the services wait for while a job hangs, or after it has failed."""


@dataclass(frozen=True, slots=True)
class Success:
    """What a smoke test that succeeded shows."""

    watch: JobWatch
    seconds: Mapping[str, float]
    figures: Mapping[str, Any]
    summary: tuple[str, ...]


def attempt_on(ground: ProofGround) -> Attempt:
    """What a verb offers, as our jobs use it."""
    clean_up = min(CLEAN_UP, ground.deadline / 3)
    ours = {party: ground.services[party] for party in (ground.guest, ground.host) if party in ground.services}
    return Attempt(
        {party: flow_api(runner_of(service), ground.run(service)) for party, service in ours.items()},
        ground.guest,
        ground.host,
        ground.events,
        ground.deadline - clean_up,
        ProofFiles(ground.services, ground.run),
        clean_up,
        waits=lambda: ground.waits(clean_up / 2),
    )


def proved(kind: str, attempt: Attempt, steps: Callable[[Traces], Success]) -> ProofResult:
    """Take the steps of a smoke test, and remove what they made, whether they succeed or not."""
    traces = Traces(attempt.events, attempt.files, attempt.clock, attempt.clean_up)
    try:
        found = steps(traces)
        traces.succeeded()
    finally:
        left = traces.remove()
    return ProofResult(
        kind=kind,
        id=found.watch.job,
        guest=attempt.guest,
        host=attempt.host,
        confirmed=tuple(sorted(found.watch.apis)),
        seconds=found.seconds,
        figures=found.figures,
        summary=found.summary,
        left=left,
    )


def submitted(
    what: str, attempt: Attempt, dag: Mapping[str, Any], roles: list[tuple[str, str]], traces: Traces
) -> JobWatch:
    """Start a job in which these roles take part. Raises ProofFailed when it is not accepted."""
    apis = {party: attempt.apis[party] for _, party in roles if party in attempt.apis}
    expected = frozenset(key for key in roles if key[1] in apis)
    owner = apis[attempt.guest]
    return started(what, apis, owner, expected, traces, lambda: owner.submit(dag), attempt.waits)


def started(
    what: str,
    apis: Mapping[str, FlowApi],
    owner: FlowApi,
    expected: frozenset[tuple[str, str]],
    traces: Traces,
    start: Callable[[], str],
    waits: Callable[[], str] = str,
) -> JobWatch:
    """Start a job, and remember it even if flow refuses it after it has noted it. Raises ProofFailed."""
    try:
        return traces.job(JobWatch(what, start(), owner, apis, expected, waits))
    except FlowApiError as error:
        if error.job:
            traces.job(JobWatch(what, error.job, owner, apis, expected))
        raise ProofFailed(
            f"{what}: the job was not accepted: {refusal(error.reason)}",
            remedy="`fatecloud check` looks at the services and the routes between the parties",
        ) from None
