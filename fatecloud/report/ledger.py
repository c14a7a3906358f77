"""The ledger of cores as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.job_report import JobReport
from fatecloud.model.ledger import Account, Ledger, Waiting
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.envelope import moment
from fatecloud.report.job import clock_text, unknown_lines
from fatecloud.report.kinds.job import CoresDocument, JobLedger, WaitingJobDocument
from fatecloud.report.remedy import remedy_document
from fatecloud.report.wrap import table, wrapped


def ledger_text(ledger: Ledger, job: str | None, report: JobReport | None, width: int) -> str:
    """The answer about the job first, then the cores of each party, then all other jobs that wait."""
    return "\n".join(_lines(ledger, job, report, width))


def _lines(ledger: Ledger, job: str | None, report: JobReport | None, width: int) -> Iterator[str]:
    asked = [waiting for waiting in ledger.waiting if waiting.job == job]
    if report:
        yield from _started(report, width)
    for waiting in asked:
        yield from _waiting(waiting, width)
    for account in ledger.accounts:
        yield from _account(account, width)
    others = [waiting for waiting in ledger.waiting if waiting.job != job]
    if not ledger.waiting:
        yield "no job waits"
    for waiting in others:
        yield from _waiting(waiting, width)
    yield from unknown_lines(ledger.unknown, width)


def _started(report: JobReport, width: int) -> Iterator[str]:
    busy = [f"{task.task} at party {task.party} ({task.role})" for task in report.tasks if task.status == "running"]
    what = f"it runs {', '.join(busy)}" if busy else "it does not wait"
    yield from wrapped(plain(f"{report.job}: {report.status}: {what}"), width, "", "    ")
    if report.status != "running":
        yield typed(f"  -> fatecloud job show {report.job}")


def _account(account: Account, width: int) -> Iterator[str]:
    if account.cores:
        lost = f", {account.lost} counted as taken that no job has" if account.lost else ""
        cores = f"{account.held} of {account.cores} cores are in use, {account.free} are free{lost}"
    else:
        cores = f"{account.held} cores are in use; how many there are is changed in the inventory and not deployed"
    yield from wrapped(plain(f"party {account.party} ({account.service}): {cores}"), width, "", "    ")
    if account.holders:
        rows = [
            (
                f"  {plain(one.job)}",
                plain(one.role),
                str(one.cores),
                clock_text(one.since),
                plain(f"{one.status}, {one.partners}"),
            )
            for one in account.holders
        ]
        yield from table([("  JOB", "ROLE", "CORES", "SINCE", ""), *rows], width)


def _waiting(waiting: Waiting, width: int) -> Iterator[str]:
    needs = ", ".join(f"{cores} at {party}" for party, cores in waiting.needs.items())
    queue = f"number {waiting.place} of party {waiting.scheduler}'s queue" if waiting.place else "started by others"
    head = f"{waiting.job} waits since {clock_text(waiting.created)} for cores: {needs}; {queue}; {waiting.partners}"
    yield from wrapped(plain(head), width, "", "    ")
    for why in waiting.why:
        yield from wrapped(plain(why), width, "  ", "    ")
    for remedy in waiting.remedy:
        yield from wrapped(plain(typed(str(remedy))), width, "  -> ", "     ")


def ledger_document(ledger: Ledger, job: str | None, report: JobReport | None) -> JobLedger:
    """The same for programs."""
    waits = any(waiting.job == job for waiting in ledger.waiting)
    return {
        "job": job,
        "status": report.status if report else "waiting" if waits else None,
        "accounts": [_account_document(account) for account in ledger.accounts],
        "waiting": [_waiting_document(waiting) for waiting in ledger.waiting],
        "unknown": list(ledger.unknown),
    }


def _account_document(account: Account) -> CoresDocument:
    return {
        "party": account.party,
        "service": account.service,
        "cores": account.cores or None,
        "free": account.free if account.cores else None,
        "lost": account.lost,
        "holders": [
            {
                "job": one.job,
                "role": one.role,
                "cores": one.cores,
                "status": one.status,
                "partners": one.partners,
                "since": moment(one.since) if one.since else None,
            }
            for one in account.holders
        ],
    }


def _waiting_document(waiting: Waiting) -> WaitingJobDocument:
    return {
        "job": waiting.job,
        "sides": list(waiting.sides),
        "partners": waiting.partners,
        "needs": dict(waiting.needs),
        "created": moment(waiting.created),
        "scheduler": waiting.scheduler,
        "place": waiting.place or None,
        "why": list(waiting.why),
        "blockers": list(waiting.blockers),
        "remedy": [remedy_document(remedy) for remedy in waiting.remedy],
    }
