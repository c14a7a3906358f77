"""Jobs: of `job`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Key, Rule, Seconds, Time
from fatecloud.report.kinds.finding import RemedyDocument

_Status = Annotated[str, Rule(examples=["running", "waiting", "success", "failed", "canceled", "timeout"])]
_Unknown = Annotated[list[str], "Sentences: which services gave no answer, and why."]


class InterruptionDocument(TypedDict):
    """A service that was started again while a job ran, which ended the job."""

    service: Key
    started: Time


class ListedJobDocument(TypedDict):
    """One job of a list."""

    id: str
    status: _Status
    sides: Annotated[list[str], "Its roles at the parties that were asked."]
    partners: str
    progress: Annotated[Count, "Percent of its tasks that have ended."]
    cores: Annotated[Count, "Of these sides together."]
    created: Time
    elapsed: Annotated[Seconds, "From start to end; 0 until the end."]
    interrupted: InterruptionDocument | None


class JobList(TypedDict):
    """`fatecloud job list`: the newest first."""

    items: list[ListedJobDocument]
    unknown: _Unknown


class JobSideDocument(TypedDict):
    """One role of a job."""

    role: str
    party: str
    status: Annotated[str | None, "null where its party was not asked."]
    cores: Count
    progress: Count
    elapsed: Seconds


class JobTaskDocument(TypedDict):
    """One task of one role."""

    task: str
    role: str
    party: str
    status: _Status
    started: Time | None
    elapsed: Annotated[Seconds, "From start to end; 0 until the end."]
    error: Annotated[str, "The line of its report that names the error; empty where it names none."]


class SideErrorDocument(TypedDict):
    """What one side reports."""

    role: str
    party: str
    task: Annotated[str, "Empty where the job failed as a whole."]
    error: Annotated[str, "Its first real line; empty where it reports none."]


class JobFailureDocument(TypedDict):
    """Where a job failed first."""

    first: SideErrorDocument
    asked: Annotated[bool, "Whether that party is of this inventory: others keep their error reports."]
    others: list[SideErrorDocument]
    interrupted: InterruptionDocument | None
    remedy: list[RemedyDocument]


class StalledTaskDocument(TypedDict):
    """A task that one side runs, long after all others that were asked have ended it."""

    task: str
    role: str
    party: str
    ended_at: Annotated[list[str], "The sides that ended it, for example host of party 10000."]
    seconds: Annotated[Seconds, "Since the last of them ended."]


class Job(TypedDict):
    """`fatecloud job show`."""

    id: str
    status: _Status
    created: Time
    scheduler: Annotated[str, "Party that starts it; empty if that is not reported."]
    sides: list[JobSideDocument]
    tasks: Annotated[list[JobTaskDocument], "Of the parties that were asked."]
    failure: JobFailureDocument | None
    stalled: list[StalledTaskDocument]
    unknown: _Unknown


class CoreHolderDocument(TypedDict):
    """A role of a job that has cores."""

    job: str
    role: str
    cores: Count
    status: _Status
    partners: str
    since: Time | None


class CoresDocument(TypedDict):
    """The cores of one party."""

    party: str
    service: Key
    cores: Annotated[int | None, "That all jobs together may have; null if that is not known."]
    free: Annotated[int | None, "null if that is not known."]
    lost: Annotated[Count, "Counted as taken, and no job has them."]
    holders: list[CoreHolderDocument]


class WaitingJobDocument(TypedDict):
    """A job that has not started."""

    job: str
    sides: list[str]
    partners: str
    needs: Annotated[dict[str, int], "Party -> cores that it asks for there."]
    created: Time
    scheduler: Annotated[str, "Party that starts it; empty if that is not reported."]
    place: Annotated[int | None, "In that party's queue, from 1; null where that party was not asked."]
    why: Annotated[list[str], "Sentences, the decisive one first."]
    blockers: Annotated[list[str], "Ids of jobs that have what it waits for, or are before it."]
    remedy: list[RemedyDocument]


class JobLedger(TypedDict):
    """`fatecloud job why`: who has which cores, and what waits for them."""

    job: Annotated[str | None, "The job that was asked about."]
    status: Annotated[str | None, "Of that job; null where none was asked about."]
    accounts: list[CoresDocument]
    waiting: list[WaitingJobDocument]
    unknown: _Unknown
