"""The jobs of a cluster: which ones a change would hit."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fatecloud.components.registry import job_api
from fatecloud.errors import FatecloudError, Refused
from fatecloud.model.event import Event, Listener
from fatecloud.model.jobs import JobApi, JobRow, JobRunner, overall
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

# Each look asks all flows of the cluster for all of their jobs.
POLL = 5.0
"""Seconds between two looks at jobs that we wait for."""


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job that a restart would interrupt, reported by one of its parties or by several."""

    id: str
    sides: tuple[str, ...]
    """Its roles at the parties that were asked, for example `guest of party 9999`."""
    status: str
    partners: str
    age: float
    """Seconds since it was created."""

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(self.sides)}; {self.status} for {self.age:.0f} s, {self.partners})"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the services that run jobs answered."""

    jobs: tuple[ActiveJob, ...]
    """Those that have not ended."""
    silent: tuple[str, ...]
    """Sentences about services that gave no answer: one that hangs may run jobs, so the operator is informed."""
    blind: tuple[str, ...]
    """The same about services that the change removes: their jobs would be lost silently, so the change is refused."""


def active_jobs(session: Session, runners: Collection[JobRunner]) -> Answers:
    """Ask these services for their jobs."""
    rows: list[tuple[str, JobRow]] = []
    silent: list[str] = []
    blind: list[str] = []
    with ServiceCommands(session) as commands:
        for runner in runners:
            try:
                rows += [(runner.id.owner, row) for row in api_of(runner, commands).active()]
            except FatecloudError as error:
                line = f"cannot find out whether {runner.id.key} runs jobs: {error.message}"
                (blind if runner.leaving else silent).append(line)
    return Answers(_jobs_of(rows, time.time()), tuple(silent), tuple(blind))


def api_of(runner: JobRunner, commands: ServiceCommands) -> JobApi:
    """What asks a service about its jobs. Raises FatecloudError where there is no way to."""
    if not runner.url:
        raise FatecloudError("the node's manifest does not have the address of its job API")
    if (api := job_api(runner.kind)) is None:
        raise FatecloudError(f"this version of fatecloud cannot ask {runner.id.component} for jobs")
    return api(runner, commands.at(runner.id, runner.user))


def _jobs_of(rows: Iterable[tuple[str, JobRow]], now: float) -> tuple[ActiveJob, ...]:
    """One job per id: each service lists a job once for every role that it plays in the job.

    Args:
        rows: party of the service that reported it, and what it reported.
        now: seconds since the epoch.
    """
    by_id: dict[str, list[tuple[str, JobRow]]] = {}
    for party, row in rows:
        by_id.setdefault(row.job, []).append((party, row))
    return tuple(_job_of(found, now) for _, found in sorted(by_id.items()))


def _job_of(found: Sequence[tuple[str, JobRow]], now: float) -> ActiveJob:
    return ActiveJob(
        id=found[0][1].job,
        sides=tuple(dict.fromkeys(f"{row.role} of party {party}" for party, row in found)),
        status=overall(row.status for _, row in found),
        partners=found[0][1].partners,
        age=now - min(row.created for _, row in found),
    )


def refuse_or_wait(
    session: Session, runners: Collection[JobRunner], *, interrupt: bool, wait: float, events: Listener
) -> None:
    """Wait for jobs to end before a change, for as long as the operator allows.

    Args:
        runners: the services whose jobs the change would interrupt.
        interrupt: continue even though jobs are running.
        wait: seconds to wait for them; 0 refuses at once.

    Raises:
        Refused: jobs are still running, or a service that the change removes does not answer.
    """
    # The operator has decided: what the services would answer changes nothing.
    if interrupt:
        return
    deadline = time.monotonic() + wait
    reported: set[str] = set()
    while True:
        answers = active_jobs(session, runners)
        for line in answers.silent:
            if line not in reported:
                events(Event("note", line))
        reported |= set(answers.silent)
        if not answers.jobs and not answers.blind:
            return
        if time.monotonic() >= deadline:
            raise _refusal(answers)
        events(Event("wait", f"waiting for jobs to end ({len(answers.jobs) or 'unknown'})"))
        time.sleep(POLL)


def _refusal(answers: Answers) -> Refused:
    count = len(answers.jobs)
    lines = [f"{count} job{'s' if count != 1 else ''} would be interrupted:"] if count else []
    lines += [f"  {job}" for job in answers.jobs]
    lines += [f"{line}; it would be stopped and removed" for line in answers.blind]
    waiting = "wait for them with --wait-jobs 30m" if count else "make sure that nothing runs there"
    return Refused("\n".join(lines), remedy=f"{waiting}, or use --interrupt-jobs")


def jobs_variables(wait: float, *, interrupt: bool) -> dict[str, Any]:
    """Variables that make a play ask for running jobs again, right before it stops a service; see `write_project`.

    Args:
        wait: seconds to wait for jobs that are found then.
        interrupt: do not ask.
    """
    return {"fatecloud_interrupt_jobs": interrupt, "fatecloud_wait_jobs": wait}
