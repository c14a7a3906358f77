"""`job list`, `job show`, `job why`: what the services that run jobs say about them. Nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from fatecloud.checks import stalled_tasks
from fatecloud.checks.interruptions import Starts, interruption_of
from fatecloud.checks.job_failure import failure_of
from fatecloud.checks.queue import ledger_of
from fatecloud.components.registry import job_cores
from fatecloud.errors import UsageError
from fatecloud.model.job_report import Interruption, JobPage, JobReport, JobSide, ListedJob
from fatecloud.model.jobs import ENDED, FAILED, LEADING, Attempt, JobApi, JobRow, overall
from fatecloud.model.ledger import Ledger, Site
from fatecloud.model.nearest import nearest
from fatecloud.model.selection import Selection, select
from fatecloud.state.listed import JOBS, keep_listed
from fatecloud.workflow.job_services import Answer, JobServices, job_services
from fatecloud.workflow.session import Session

PAGE = 60
"""Rows that one service is asked for, one per role: an answer has a bound, and each row has the whole job in it."""
SETTLES = 4.0
"""Seconds. A waiting job is given cores every two seconds and returns them at once, so that one look at what is free
may see them as taken."""


def list_jobs(
    session: Session, *, owners: Collection[str], status: Collection[str], newest: int, deadline: float
) -> JobPage:
    """The newest jobs of all parties, newest first.

    Args:
        owners: only what these parties' services have; empty for all.
        status: only jobs with one of these; empty for all.
        newest: how many jobs at most.
        deadline: seconds for each node to answer.

    Raises:
        NoMatch: there is no such party.
        UsageError: there is no such status.
    """
    if owners:
        select(session.resolved, Selection(owners=tuple(owners)))
    for word in status:
        _require_status(word)
    with job_services(session, deadline, owners) as services:
        # Both, because a job that waits or runs may be older than a page of others.
        answers = services.ask(lambda api: (*api.active(), *api.newest(PAGE)))
        rows = [(runner.id.owner, row) for runner, found in answers for row in found]
        every = _listed(rows, services.starts)
        keep_listed(session.state, JOBS, [(job.job, f"{job.status}, {', '.join(job.sides)}") for job in every])
        chosen = [job for job in every if not status or job.status in status][:newest]
        return JobPage(tuple(chosen), tuple(services.silent))


def _require_status(word: str) -> None:
    known = dict.fromkeys([*LEADING, *sorted(ENDED)])
    if word not in known:
        near = nearest(word, known)
        meant = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"no job has the status {word!r}{meant}", remedy=f"choose from {', '.join(known)}")


def _listed(rows: Sequence[tuple[str, JobRow]], starts: Starts) -> list[ListedJob]:
    jobs: dict[str, dict[tuple[str, str], JobRow]] = {}
    for owner, row in rows:
        jobs.setdefault(row.job, {}).setdefault((owner, row.role), row)
    return sorted((_job(job, sides, starts) for job, sides in jobs.items()), key=lambda job: (-job.created, job.job))


def _job(job: str, sides: dict[tuple[str, str], JobRow], starts: Starts) -> ListedJob:
    rows = list(sides.values())
    return ListedJob(
        job=job,
        sides=tuple(f"{role} of party {party}" for party, role in sides),
        status=overall(row.status for row in rows),
        partners=rows[0].partners,
        progress=max(row.progress for row in rows),
        cores=sum(row.cores for row in rows),
        created=min(row.created for row in rows),
        elapsed=max(row.elapsed for row in rows),
        interrupted=_interrupted(((owner, row) for (owner, _), row in sides.items()), starts),
    )


def _interrupted(rows: Iterable[tuple[str, JobRow]], starts: Starts) -> Interruption | None:
    found = [interruption_of(owner, row, starts) for owner, row in rows]
    return min((one for one in found if one), key=lambda one: one.started, default=None)


def show_job(session: Session, job: str, deadline: float) -> JobReport:
    """One job, with the place and the reason of its failure.

    Raises:
        UsageError: no party here knows it.
    """
    with job_services(session, deadline) as services:
        known = services.known(job)
        return report_of(services, job, known)


def report_of(services: JobServices, job: str, known: Sequence[Answer[tuple[JobRow, ...]]]) -> JobReport:
    """What all parties that know a job report of it."""
    rows = {(row.role, row.party): row for _, found in known for row in found}
    every = dict.fromkeys([*(side for row in rows.values() for side in row.sides), *rows])
    sides = tuple(_side(role, party, rows.get((role, party))) for role, party in every)
    asked = {runner.id.owner for runner, _ in known}
    tasks = tuple(task for _, found in services.ask(lambda api: api.tasks(job), asked) for task in found)
    status = overall(row.status for row in rows.values())
    stalled = stalled_tasks.stalled(tasks, time.time()) if status == "running" else ()
    first = next(iter(rows.values()))
    report = JobReport(job, status, min(row.created for row in rows.values()), first.scheduler, sides, tasks)
    report = replace(report, stalled=stalled)
    if status in FAILED:
        scheduler = {first.scheduler} & asked or asked

        def noted(api: JobApi) -> tuple[tuple[str, str, str], str]:
            return api.blamed(job, first.role, first.party), api.refused(job, first.role, first.party)

        said = [answer for _, answer in services.ask(noted, scheduler)]
        blamed = next((blamed for blamed, _ in said if any(blamed)), ("", "", ""))
        refused = next((refused for _, refused in said if refused), "")
        failure = failure_of(job, asked, tasks, blamed, refused)
        hit = _interrupted(((runner.id.owner, row) for runner, found in known for row in found), services.starts)
        report = replace(report, failure=replace(failure, interrupted=hit))
    return replace(report, unknown=tuple(services.silent))


def _side(role: str, party: str, row: JobRow | None) -> JobSide:
    if row is None:
        return JobSide(role, party, "")
    return JobSide(role, party, row.status, row.cores, row.progress, row.elapsed)


def explain_jobs(
    session: Session, job: str | None, deadline: float, wait: Callable[[float], None]
) -> tuple[Ledger, JobReport | None]:
    """Who has which cores, and what waits for them.

    Args:
        job: one that the operator asks about, or None for all.
        wait: sleeps between two looks.

    Returns:
        The ledger, and the report of the job, if one was asked about that does not wait.

    Raises:
        UsageError: no party here knows the job.
    """
    with job_services(session, deadline) as services:
        ledger = _ledger(services)
        if any(account.lost for account in ledger.accounts):
            wait(SETTLES)
            ledger = _ledger(services, at_most={account.party: account.lost for account in ledger.accounts})
        if job is None or any(waiting.job == job for waiting in ledger.waiting):
            return ledger, None
        return ledger, report_of(services, job, services.known(job))


def _ledger(services: JobServices, at_most: dict[str, int] | None = None) -> Ledger:
    sites = [
        Site(
            party=runner.id.owner,
            service=runner.id.key,
            component=runner.id.component,
            cores=runner.cores,
            cores_key=job_cores(runner.kind),
            rows=rows,
            attempts=attempts,
        )
        for runner, (rows, attempts) in services.ask(_state)
    ]
    return ledger_of(sites, tuple(services.silent), at_most)


def _state(api: JobApi) -> tuple[tuple[JobRow, ...], dict[str, tuple[Attempt, ...]]]:
    active, newest = api.active(), api.newest(PAGE)
    rows = {(row.job, row.role): row for row in (*active, *(row for row in newest if row.ended and row.held))}
    waiting = {row.job: row for row in rows.values() if row.status == "waiting"}
    # Only the first of a queue is tried, and who is first at another party is not known here.
    return tuple(rows.values()), {
        job: (api.attempt(job, row.role, row.party),) for job, row in list(waiting.items())[-_TRIED:]
    }


_TRIED = 3
"""Waiting jobs whose last attempt is looked up, the oldest ones: each is two questions."""
