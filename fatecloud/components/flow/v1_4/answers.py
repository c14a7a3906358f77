"""What flow's answers about jobs mean; pure. They are rows of its database, with `f_` before each column."""

from __future__ import annotations

import json
from collections.abc import Iterable

from fatecloud.components.flow.v1 import answers
from fatecloud.components.flow.v1.answers import Row, named, seconds
from fatecloud.model.jobs import JobRow, TaskState


def job_rows(rows: Iterable[Row]) -> tuple[JobRow, ...]:
    """Read the rows of `/v1/job/query`, in which the sides of a job are a text."""
    return answers.job_rows({**row, "f_roles": json.loads(row.get("f_roles") or "{}")} for row in rows)


def tasks_of(rows: Iterable[Row]) -> tuple[TaskState, ...]:
    """Read the rows of `/v1/job/task/query`, earliest end first, unfinished last. They say nothing of errors."""
    states = [
        TaskState(
            task=str(row["component_name"]),
            role=str(row["role"]),
            party=str(row["party_id"]),
            status=str(row["status"]),
            report="",
            logs="",
            elapsed=seconds(row.get("elapsed")),
            ended_at=seconds(row.get("end_time")),
            started_at=seconds(row.get("start_time")),
        )
        for row in map(named, rows)
    ]
    return tuple(sorted(states, key=lambda state: (state.ended_at == 0, state.ended_at)))
