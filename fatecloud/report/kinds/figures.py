"""The numbers that a job's tasks recorded: of `job metrics` and `job summary`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Seconds, Time

_Of = Annotated[str, "What it was measured of, in the task's own words: `lr_0 train_set`."]
_Unknown = Annotated[list[str], "Sentences: which services gave no answer, and why."]


class MeasureDocument(TypedDict):
    """One number that a task recorded."""

    task: str
    role: str
    party: str
    name: str
    of: _Of
    step: Annotated[int | None, "Of an iteration; null where there is one number in all."]
    value: float


class JobMetricList(TypedDict):
    """`fatecloud job metrics`."""

    id: str
    status: str
    items: list[MeasureDocument]
    unknown: _Unknown


class TaskTimeDocument(TypedDict):
    """How long a task took at one side."""

    task: str
    role: str
    party: str
    elapsed: Seconds


class FigureDocument(TypedDict):
    """A number, with how it went where it has iterations."""

    task: str
    role: str
    party: str
    name: str
    of: _Of
    first: float
    last: float
    steps: Annotated[Count, "How many values there are; 1 without iterations."]


class JobSummary(TypedDict):
    """`fatecloud job summary`."""

    id: str
    status: str
    created: Time
    elapsed: Annotated[Seconds, "From start to end, of the side that took longest; 0 until the end."]
    tasks: list[TaskTimeDocument]
    figures: list[FigureDocument]
    unknown: _Unknown
