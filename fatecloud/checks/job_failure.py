"""On which side a failed job failed first, and what it says about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fatecloud.model.job_report import JobFailure, SideError
from fatecloud.model.jobs import TaskState
from fatecloud.model.remedy import Ask, Remedy, look

_UNKNOWN = ("", "", "")


def failure_of(
    job: str, asked: Collection[str], tasks: Sequence[TaskState], blamed: tuple[str, str, str], refused: str
) -> JobFailure:
    """The failure of a job that has failed.

    Args:
        asked: parties whose services answered.
        tasks: of these parties.
        blamed: role, party and task that the party which schedules the job saw fail first; empty texts if unknown.
        refused: why it gave the job up; empty if it says nothing.
    """
    # The one with an error that ended first: others may have ended because of it.
    failed = sorted((task for task in tasks if task.failed), key=lambda task: (not task.error, task.ended_at))
    errors = [SideError(task.role, task.party, task.task, task.error) for task in failed]
    if blamed != _UNKNOWN:
        role, party, name = blamed
        own = (one for one in errors if (one.role, one.party, one.task) == blamed)
        first = next(own, SideError(role, party, name, ""))
    elif errors:
        first = errors[0]
    else:
        first = SideError("", "", "", refused)
    # A job of one party without a partner, such as an upload, has the role local and the party 0.
    reached = first.party in asked or first.role in ("", "local")
    if not first.error and reached and refused:
        first = SideError(first.role, first.party, first.task, refused)
    others = tuple(one for one in errors if (one.role, one.party, one.task) != (first.role, first.party, first.task))
    return JobFailure(first, reached, others, _remedy(job, first, asked=reached))


def _remedy(job: str, first: SideError, *, asked: bool) -> tuple[Remedy, ...]:
    own = look(f"fatecloud logs --job {job} --level error")
    if asked:
        return (own,)
    what = f"task {first.task}" if first.task else "it"
    return (Ask(f"the operator of party {first.party}", f"why {what} of job {job} failed there"), own)
