"""`job stop`, `job clean`: ends a job at all of its parties, or deletes what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from fatecloud.errors import Refused, RunError
from fatecloud.model.duration import duration_text
from fatecloud.model.event import Event, Listener
from fatecloud.model.job_report import JobReport
from fatecloud.workflow.job_look import report_of
from fatecloud.workflow.job_services import JobServices, job_services
from fatecloud.workflow.recorded import done_as_run
from fatecloud.workflow.session import Session

POLL = 2.0
PATIENCE = 60.0
"""Seconds for a job to end after it was cancelled: its tasks are ended one by one."""
Confirm = Callable[[str], bool] | None
"""Asks the operator; None means that the answer is yes."""


def stop_job(
    session: Session, job: str, *, confirm: Confirm, events: Listener, deadline: float, argv: tuple[str, ...]
) -> None:
    """Cancel a job at all of its parties, and wait for its end at those that are managed here.

    Raises:
        UsageError: no party here knows it.
        Refused: the operator said no.
        RunError: it could not be cancelled, or still runs.
    """
    with job_services(session, deadline) as services:
        known = services.known(job)
        report = report_of(services, job, known)
        if _ended(report):
            events(Event("ok", f"job {job} has ended already: {report.status}"))
            return
        if confirm and not confirm(_what_dies(report)):
            raise Refused("nothing was done")
        parties = sorted(runner.id.owner for runner, _ in known)
        # Each passes the wish on to the party that schedules the job.
        first = {report.scheduler}.intersection(parties) or parties[:1]
        done_as_run(session, "job stop", argv, events, lambda: _stop(services, report, first, events))


def _stop(services: JobServices, report: JobReport, first: Collection[str], events: Listener) -> None:
    before = len(services.silent)
    services.ask(lambda api: api.stop(report.job), first)
    refusal = "; ".join(services.silent[before:])
    until = time.monotonic() + PATIENCE
    while not _ended(now := report_of(services, report.job, services.known(report.job))):
        if time.monotonic() >= until:
            why = f": {refusal}" if refusal else ""
            raise RunError(
                f"job {report.job} has not ended {PATIENCE:.0f} s after it was cancelled{why}",
                remedy=f"fatecloud job show {report.job}",
            )
        time.sleep(POLL)
    # It may have ended here although a partner did not answer.
    if refusal:
        events(Event("note", f"not all parties confirmed it: {refusal}"))
    events(Event("ok", f"job {report.job} has ended: {now.status}"))


def _what_dies(report: JobReport) -> str:
    busy = [f"{task.task} at party {task.party} ({task.role})" for task in report.tasks if task.status == "running"]
    running = f" What these tasks have computed is lost: {', '.join(busy)}." if busy else ""
    others = [f"{side.party} ({side.role})" for side in report.sides if not side.status]
    away = f" It ends at {', '.join(others)} too, where others may wait for it." if others else ""
    return f"stop job {_named(report)}?{running}{away}"


def _named(report: JobReport) -> str:
    sides = ", ".join(f"{side.role} {side.party}" for side in report.sides)
    age = duration_text(max(0.0, time.time() - report.created))
    return f"{report.job} ({sides}; {report.status}, created {age} ago)"


def _ended(report: JobReport) -> bool:
    return report.status not in ("running", "waiting", "ready")


def clean_job(
    session: Session, job: str, *, confirm: Confirm, events: Listener, deadline: float, argv: tuple[str, ...]
) -> int:
    """Delete what the parties that are managed here keep of a job that has ended.

    Returns:
        Exit status: 0, or 3 if a party gave no answer, and may still have it.

    Raises:
        UsageError: no party here knows it.
        Refused: it has not ended, or the operator said no.
        RunError: it could not be deleted.
    """
    with job_services(session, deadline) as services:
        known = services.known(job)
        report = report_of(services, job, known)
        if not _ended(report):
            raise Refused(f"job {job} has not ended: {report.status}", remedy=f"fatecloud job stop {job}")
        parties = sorted({runner.id.owner for runner, _ in known})
        if confirm and not confirm(_what_goes(report, parties)):
            raise Refused("nothing was done")
        done_as_run(session, "job clean", argv, events, lambda: _clean(services, job, parties, events))
        for line in services.silent:
            events(Event("note", line))
        return 3 if services.silent else 0


def _clean(services: JobServices, job: str, parties: Sequence[str], events: Listener) -> None:
    before = list(services.silent)
    done = services.ask(lambda api: api.clean(job), parties)
    failed = [line for line in services.silent if line not in before]
    for runner, _ in done:
        events(Event("ok", f"job {job} is deleted at party {runner.id.owner}"))
    if failed:
        raise RunError("; ".join(failed), remedy=f"run `fatecloud job clean {job}` again")


def _what_goes(report: JobReport, parties: Sequence[str]) -> str:
    tasks = len({task.task for task in report.tasks})
    what = f"metrics, models and output data of its {tasks} task{'' if tasks == 1 else 's'}"
    others = [side.party for side in report.sides if not side.status]
    stays = f" Party {', '.join(dict.fromkeys(others))} keeps its own." if others else ""
    where = ", ".join(parties)
    return f"delete job {_named(report)} at party {where}: {what}? No prediction can use its models then.{stays}"
