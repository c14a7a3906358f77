"""The numbers of a job as text, as CSV and as documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fatecloud.model.duration import duration_text
from fatecloud.model.job_report import JobReport
from fatecloud.model.jobs import Measure
from fatecloud.plain import plain
from fatecloud.report.envelope import moment
from fatecloud.report.job import unknown_lines
from fatecloud.report.kinds.figures import JobMetricList, JobSummary
from fatecloud.report.wrap import table, wrapped

_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Series:
    """A number as it went from iteration to iteration; of one point where it has no iterations."""

    task: str
    role: str
    party: str
    name: str
    of: str
    points: tuple[tuple[int | None, float], ...]

    @property
    def last(self) -> float:
        """The newest one."""
        return self.points[-1][1]


def series_of(measures: Iterable[Measure]) -> list[Series]:
    """The measures by what they are of, each in the order of its iterations."""
    found: dict[tuple[str, str, str, str, str], list[Measure]] = {}
    for one in measures:
        found.setdefault((one.task, one.role, one.party, one.name, one.of), []).append(one)
    return [
        Series(*key, tuple((one.step, one.value) for one in sorted(some, key=lambda one: one.step or 0)))
        for key, some in found.items()
    ]


def value_text(value: float) -> str:
    """A number for people: whole ones without a point, others with six digits."""
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"  # noqa: PLR2004 - exact


def metrics_text(report: JobReport, width: int) -> str:
    """A line for each number."""
    rows = [
        (
            f"{plain(one.task)}",
            plain(one.role),
            plain(one.party),
            plain(one.name),
            _step(one),
            value_text(one.value),
            plain(one.of),
        )
        for one in report.measures
    ]
    head = ("TASK", "ROLE", "PARTY", "NAME", "STEP", "VALUE", "OF")
    lines = [*table([head, *rows], width)] if rows else [f"the tasks of job {report.job} recorded no numbers"]
    return "\n".join([*lines, *unknown_lines(report.unknown, width)])


def _step(one: Measure) -> str:
    return "" if one.step is None else str(one.step)


def metrics_csv(report: JobReport) -> str:
    """The same as CSV, with all digits."""
    head = ("task", "role", "party", "name", "of", "step", "value")
    return _csv(head, ((m.task, m.role, m.party, m.name, m.of, _step(m), repr(m.value)) for m in report.measures))


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    *_, last = range(len(head))
    for row in rows:
        # Names come from partners, and a spreadsheet would run one that looks like a formula.
        writer.writerow([*(f"'{text}" if text.startswith(_FORMULA) else plain(text) for text in row[:last]), row[last]])
    return out.getvalue().removesuffix("\n")


def metrics_document(report: JobReport) -> JobMetricList:
    """The same for programs."""
    return {
        "id": report.job,
        "status": report.status,
        "items": [
            {
                "task": one.task,
                "role": one.role,
                "party": one.party,
                "name": one.name,
                "of": one.of,
                "step": one.step,
                "value": one.value,
            }
            for one in report.measures
        ],
        "unknown": list(report.unknown),
    }


def summary_text(report: JobReport, width: int) -> str:
    """Its end, how long each task took, and the newest value of each number."""
    return "\n".join(_summary(report, width))


def _summary(report: JobReport, width: int) -> Iterator[str]:
    took = max((side.elapsed for side in report.sides), default=0.0)
    parties = ", ".join(f"{side.role} {side.party}" for side in report.sides)
    text = f"{report.job}: {report.status}" + (f" after {duration_text(took)}" if took else "") + f"; {parties}"
    yield from wrapped(plain(text), width, "", "    ")
    if times := _times(report):
        yield ""
        rows = [(f"  {plain(task)}", f"{seconds:.1f} s", plain(where)) for task, seconds, where in times]
        yield from table([("  TASK", "TOOK", "LONGEST AT"), *rows], width)
    if numbers := series_of(report.measures):
        yield ""
        yield from table([("  NAME", "VALUE", "OF"), *(_row(one) for one in numbers)], width)
    yield from unknown_lines(report.unknown, width)


def _times(report: JobReport) -> list[tuple[str, float, str]]:
    """Task, seconds and side of the side where it took longest."""
    longest: dict[str, tuple[str, float, str]] = {}
    for task in report.tasks:
        if task.elapsed > longest.get(task.task, ("", 0.0, ""))[1]:
            longest[task.task] = task.task, task.elapsed, f"{task.role} {task.party}"
    return list(longest.values())


def _row(one: Series) -> tuple[str, str, str]:
    steps = f", {len(one.points)} iterations from {value_text(one.points[0][1])}" if len(one.points) > 1 else ""
    where = " ".join(text for text in (one.of, f"({one.task}, {one.role} {one.party}{steps})") if text)
    return f"  {plain(one.name)}", value_text(one.last), plain(where)


def summary_csv(report: JobReport) -> str:
    """The same as CSV: seconds of each task at each side, and the newest value of each number."""
    seconds = ((t.task, t.role, t.party, "seconds", "", repr(round(t.elapsed, 3))) for t in report.tasks if t.elapsed)
    numbers = ((s.task, s.role, s.party, s.name, s.of, repr(s.last)) for s in series_of(report.measures))
    return _csv(("task", "role", "party", "name", "of", "value"), [*seconds, *numbers])


def summary_document(report: JobReport) -> JobSummary:
    """The same for programs."""
    return {
        "id": report.job,
        "status": report.status,
        "created": moment(report.created),
        "elapsed": round(max((side.elapsed for side in report.sides), default=0.0), 3),
        "tasks": [
            {"task": task.task, "role": task.role, "party": task.party, "elapsed": round(task.elapsed, 3)}
            for task in report.tasks
        ],
        "figures": [
            {
                "task": one.task,
                "role": one.role,
                "party": one.party,
                "name": one.name,
                "of": one.of,
                "first": one.points[0][1],
                "last": one.last,
                "steps": len(one.points),
            }
            for one in series_of(report.measures)
        ],
        "unknown": list(report.unknown),
    }
