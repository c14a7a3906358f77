"""One smoke test while it runs: with what its jobs are started, and what is left of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from fatecloud.components.flow.exchange import FlowApiError
from fatecloud.components.flow.job_watch import Clock, JobWatch
from fatecloud.components.flow.proof_files import ProofFiles
from fatecloud.components.flow.proof_traces import NodeFiles, Traces
from fatecloud.components.flow.tracebacks import refusal
from fatecloud.errors import ProofFailed
from fatecloud.model.event import Listener
from fatecloud.model.jobs import JobApi, JobRunner, Run, runner_of
from fatecloud.model.proof import ProofGround, ProofResult

CLEAN_UP = 30.0
"""Seconds that are enough to stop a job and to remove what it made."""


Api = TypeVar("Api", bound=JobApi)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Api]):
    """What the jobs of a smoke test are run with."""

    apis: Mapping[str, Api]
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
    forgets: bool = True
    """Whether flow has no rows of a job left once it was cleaned."""


@dataclass(frozen=True, slots=True)
class Success:
    """What a smoke test that succeeded shows."""

    watch: JobWatch
    seconds: Mapping[str, float]
    figures: Mapping[str, Any]
    summary: tuple[str, ...]


def attempt_on(
    ground: ProofGround, api_at: Callable[[JobRunner, Run], Api], *, forgets: bool = True, clean_up: float = CLEAN_UP
) -> Attempt[Api]:
    """What a verb offers, as our jobs use it.

    Args:
        ground: likewise.
        api_at: the jobs of a flow of this generation.
        forgets: see `Attempt`.
        clean_up: seconds that the removal may take; a third of the deadline where that is less.
    """
    clean_up = min(clean_up, ground.deadline / 3)
    ours = {party: ground.services[party] for party in (ground.guest, ground.host) if party in ground.services}
    return Attempt(
        {party: api_at(runner_of(service), ground.run(service)) for party, service in ours.items()},
        ground.guest,
        ground.host,
        ground.events,
        ground.deadline - clean_up,
        ProofFiles(ground.services, ground.run),
        clean_up,
        waits=lambda: ground.waits(clean_up / 2),
        forgets=forgets,
    )


def proved(kind: str, attempt: Attempt[Any], steps: Callable[[Traces], Success]) -> ProofResult:
    """Take the steps of a smoke test, and remove what they made, whether they succeed or not."""
    traces = Traces(attempt.events, attempt.files, attempt.clock, attempt.clean_up, forgets=attempt.forgets)
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


def toy_proved(attempt: Attempt[Any], job: Mapping[str, Any]) -> ProofResult:
    """Run the toy job and wait for its success on every side that we manage.

    Args:
        attempt: between which parties.
        job: the toy as a flow of their generation takes it.

    Raises:
        ProofFailed: with the party, the task and its error; or with the state of each party at the deadline.
    """
    clock, guest, host = attempt.clock, attempt.guest, attempt.host
    start, what = clock.now(), f"toy {guest} -> {host}"

    def steps(traces: Traces) -> Success:
        watch = submitted(what, attempt, job, [("guest", guest), ("host", host)], traces)
        watch.follow(attempt.events, start + attempt.deadline, clock)
        seconds = clock.now() - start
        return Success(watch, {"whole": seconds}, {}, (f"{what}: success in {seconds:.0f} s (job {watch.job})",))

    return proved("toy", attempt, steps)


def submitted(
    what: str,
    attempt: Attempt[Any],
    job: Mapping[str, Any],
    roles: list[tuple[str, str]],
    traces: Traces,
) -> JobWatch:
    """Start a job in which these roles take part; see `started`."""
    apis = {party: attempt.apis[party] for _, party in roles if party in attempt.apis}
    expected = frozenset(key for key in roles if key[1] in apis)
    owner = apis[attempt.guest]
    watch = JobWatch(what, "", owner, apis, expected, attempt.waits)
    return started(watch, traces, lambda: str(owner.submit(job)))


def started(watch: JobWatch, traces: Traces, start: Callable[[], str]) -> JobWatch:
    """Start a job, and remember it even if flow refuses it after it has noted it.

    Args:
        watch: of the job, still without its id.
        traces: remember it.
        start: starts it, and returns its id.

    Raises:
        ProofFailed: it was not taken.
    """
    try:
        return traces.job(replace(watch, job=start()))
    except FlowApiError as error:
        if error.job:
            traces.job(replace(watch, job=error.job, waits=str))
        raise ProofFailed(
            f"{watch.what}: the job was not accepted: {refusal(error.reason)}",
            remedy="`fatecloud check` looks at the services and the routes between the parties",
        ) from None
