"""Jobs as text and as documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fatecloud.model.duration import duration_text
from fatecloud.model.job_report import Interruption, JobFailure, JobPage, JobReport, SideError, StalledTask
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.job import InterruptionDocument, Job, JobFailureDocument, JobList, SideErrorDocument
from fatecloud.report.remedy import remedy_document
from fatecloud.report.wrap import table, wrapped


def clock_text(seconds: float) -> str:
    """A time for people, in UTC; `-` where it is not known."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z" if seconds else "-"


def jobs_text(page: JobPage, width: int) -> str:
    """A line for each job."""
    rows = [("JOB", "STATUS", "CORES", "CREATED", "TOOK", "SIDES")]
    rows += [
        (
            plain(job.job),
            plain(job.status) + (f" {job.progress}%" if job.status == "running" else ""),
            str(job.cores),
            clock_text(job.created),
            duration_text(job.elapsed) if job.elapsed else "-",
            plain(f"{', '.join(job.sides)}; {job.partners}"),
        )
        for job in page.jobs
    ]
    lines = [*table(rows, width)] if page.jobs else ["no jobs"]
    lines += [line for job in page.jobs if job.interrupted for line in _interrupted(job.job, job.interrupted, width)]
    return "\n".join([*lines, *unknown_lines(page.unknown, width)])


def _interrupted(what: str, hit: Interruption, width: int, indent: str = "") -> Iterator[str]:
    when = f"{hit.service} was started at {clock_text(hit.started)}"
    yield from wrapped(plain(f"{what}: interrupted, {when}; submit it again"), width, indent, f"{indent}  ")


def unknown_lines(unknown: tuple[str, ...], width: int) -> Iterator[str]:
    """Who gave no answer."""
    for text in unknown:
        yield from wrapped(plain(f"not found out: {text}"), width, "", "    ")


def jobs_document(page: JobPage) -> JobList:
    """The same for programs."""
    return {
        "items": [
            {
                "id": job.job,
                "status": job.status,
                "sides": list(job.sides),
                "partners": job.partners,
                "progress": job.progress,
                "cores": job.cores,
                "created": moment(job.created),
                "elapsed": round(job.elapsed, 3),
                "interrupted": _interruption(job.interrupted),
            }
            for job in page.jobs
        ],
        "unknown": list(page.unknown),
    }


def job_text(report: JobReport, width: int) -> str:
    """What became of it first, then its sides, then its tasks."""
    return "\n".join(_lines(report, width))


def _lines(report: JobReport, width: int) -> Iterator[str]:
    by = f", started by party {report.scheduler}" if report.scheduler else ""
    yield from wrapped(plain(f"{report.job}: {report.status}; created {clock_text(report.created)}{by}"), width)
    if report.failure:
        yield from _failure_lines(report.failure, width)
    for task in report.stalled:
        yield from wrapped(plain(_stalled(report.job, task)), width, "  ", "    ")
    yield ""
    yield from table(
        [
            ("  ROLE", "PARTY", "STATUS", "DONE", "CORES", "TOOK"),
            *(
                (
                    f"  {plain(side.role)}",
                    plain(side.party),
                    plain(side.status) or "not asked",
                    f"{side.progress}%" if side.status else "-",
                    str(side.cores) if side.status else "-",
                    duration_text(side.elapsed) if side.elapsed else "-",
                )
                for side in report.sides
            ),
        ],
        width,
    )
    if report.tasks:
        yield ""
        rows = [
            (f"  {plain(task.task)}", plain(task.role), plain(task.party), plain(task.status), _took(task.elapsed))
            for task in report.tasks
        ]
        yield from table([("  TASK", "ROLE", "PARTY", "STATUS", "TOOK"), *rows], width)
    yield from unknown_lines(report.unknown, width)


def _stalled(job: str, task: StalledTask) -> str:
    where = f"{task.role} of party {task.party}"
    return (
        f"task {task.task} runs on at the {where} alone; {' and '.join(task.others)} ended it "
        f"{duration_text(task.seconds)} ago. If it does nothing, what it waits for was lost on the way: "
        f"`fatecloud job stop {job}`, and submit it again"
    )


def _took(elapsed: float) -> str:
    return f"{elapsed:.1f} s" if elapsed else "-"


def _interruption(hit: Interruption | None) -> InterruptionDocument | None:
    return {"service": hit.service, "started": moment(hit.started)} if hit else None


def _failure_lines(failure: JobFailure, width: int) -> Iterator[str]:
    if failure.interrupted:
        yield from _interrupted("its reason", failure.interrupted, width, "  ")
    yield from wrapped(plain(f"failed first {_where(failure.first)}: {_error(failure)}"), width, "  ", "    ")
    for other in failure.others:
        text = f"then {_where(other)}: {other.error or 'without an error of its own'}"
        yield from wrapped(plain(text), width, "  ", "    ")
    for remedy in failure.remedy:
        yield from wrapped(plain(typed(str(remedy))), width, "  -> ", "     ")


def _where(one: SideError) -> str:
    side = f"at party {one.party} ({one.role})" if one.role not in ("", "local") else "as a whole"
    return f"{side}, in task {one.task}" if one.task else side


def _error(failure: JobFailure) -> str:
    if failure.first.error:
        return failure.first.error
    return "its report names no error" if failure.asked else "its report is only there"


def job_document(report: JobReport) -> Job:
    """The same for programs."""
    return {
        "id": report.job,
        "status": report.status,
        "created": moment(report.created),
        "scheduler": report.scheduler,
        "sides": [
            {
                "role": side.role,
                "party": side.party,
                "status": side.status or None,
                "cores": side.cores,
                "progress": side.progress,
                "elapsed": round(side.elapsed, 3),
            }
            for side in report.sides
        ],
        "tasks": [
            {
                "task": task.task,
                "role": task.role,
                "party": task.party,
                "status": task.status,
                "started": moment(task.started_at) if task.started_at else None,
                "elapsed": round(task.elapsed, 3),
                "error": task.error,
            }
            for task in report.tasks
        ],
        "failure": _failure_document(report.failure) if report.failure else None,
        "stalled": [
            {
                "task": task.task,
                "role": task.role,
                "party": task.party,
                "ended_at": list(task.others),
                "seconds": round(task.seconds),
            }
            for task in report.stalled
        ],
        "unknown": list(report.unknown),
    }


def _failure_document(failure: JobFailure) -> JobFailureDocument:
    return {
        "first": _side_document(failure.first),
        "asked": failure.asked,
        "others": [_side_document(one) for one in failure.others],
        "interrupted": _interruption(failure.interrupted),
        "remedy": [remedy_document(remedy) for remedy in failure.remedy],
    }


def _side_document(one: SideError) -> SideErrorDocument:
    return {"role": one.role, "party": one.party, "task": one.task, "error": one.error}
