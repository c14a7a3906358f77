"""`job metrics`, `job summary`: the numbers that a job's tasks recorded, at all parties that were asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fatecloud.model.job_report import JobReport
from fatecloud.model.jobs import JobApi, Measure, TaskState
from fatecloud.workflow.job_look import report_of
from fatecloud.workflow.job_services import job_services
from fatecloud.workflow.session import Session


def measured(session: Session, job: str, deadline: float) -> JobReport:
    """A job with its numbers, in the order in which its tasks ended.

    Raises:
        UsageError: no party here knows it.
    """
    with job_services(session, deadline) as services:
        known = services.known(job)
        report = report_of(services, job, known)
        found: list[Measure] = []
        for runner, rows in known:
            sides = {(row.role, row.party) for row in rows}
            tasks = [task for task in report.tasks if (task.role, task.party) in sides and task.started_at]

            def ask(api: JobApi, tasks: Sequence[TaskState] = tasks) -> list[Measure]:
                return [one for task in tasks for one in api.measures(job, task.role, task.party, task.task)]

            found += [one for _, some in services.ask(ask, {runner.id.owner}) for one in some]
        order = {task.task: place for place, task in enumerate(report.tasks)}
        found.sort(key=lambda one: order.get(one.task, len(order)))
        return replace(report, measures=tuple(found), unknown=tuple(services.silent))
