"""What flow's answers about jobs mean; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from fatecloud.components.flow.tracebacks import last_error
from fatecloud.model.jobs import JobRow, RoleState, TaskState

_SAYS_NOTHING = frozenset({"No found task output."})
"""Reports of tasks whose own process failed: only what it wrote names the error."""


def job_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[JobRow, ...]:
    """Read the rows of `/v2/job/list/query` or `/v2/job/query`; only the first has the partners by themselves."""
    return tuple(_job_row(row) for row in rows)


def _job_row(row: Mapping[str, Any]) -> JobRow:
    party = str(row["party_id"])
    sides = tuple((str(group["role"]), str(name)) for group in row.get("parties") or () for name in group["party_id"])
    partners = row.get("partners") or sorted({name for _, name in sides} - {party})
    return JobRow(
        job=str(row["job_id"]),
        role=str(row["role"]),
        party=party,
        status=str(row["status"]),
        partners=f"with {', '.join(map(str, partners))}" if partners else "alone",
        created=_seconds(row.get("create_time")),
        cores=int(row.get("cores") or 0),
        held=bool(row.get("resource_in_use")),
        held_since=_seconds(row.get("apply_resource_time")),
        scheduler=str(row.get("scheduler_party_id") or ""),
        priority=_priority(row.get("dag")),
        progress=int(row.get("progress") or 0),
        elapsed=_seconds(row.get("elapsed")),
        ended_at=_seconds(row.get("end_time")),
        sides=sides,
    )


def _priority(schema: Any) -> int:
    """The job's own wish: `dag.conf.priority`. The scheduler has no other one."""
    for name in ("dag", "conf"):
        schema = schema.get(name) if isinstance(schema, Mapping) else None
    return int(schema.get("priority") or 0) if isinstance(schema, Mapping) else 0


def roles_of(rows: Iterable[Mapping[str, Any]]) -> tuple[RoleState, ...]:
    """Read the rows of `/v2/job/query`."""
    return tuple(
        RoleState(
            role=str(row["role"]),
            party=str(row["party_id"]),
            status=str(row["status"]),
            cores=int(row.get("cores") or 0),
            elapsed=_seconds(row.get("elapsed")),
        )
        for row in rows
    )


def tasks_of(rows: Iterable[Mapping[str, Any]]) -> tuple[TaskState, ...]:
    """Read the rows of `/v2/job/task/query`, earliest end first, unfinished last."""
    states = [
        TaskState(
            task=str(row["task_name"]),
            role=str(row["role"]),
            party=str(row["party_id"]),
            status=str(row["party_status"]),
            report=str(row.get("error_report") or "").strip(),
            error=_error_of(str(row.get("error_report") or "")),
            logs=_log_directory(row),
            elapsed=_seconds(row.get("elapsed")),
            ended_at=_seconds(row.get("end_time")),
            started_at=_seconds(row.get("start_time")),
        )
        for row in rows
    ]
    return tuple(sorted(states, key=lambda state: (state.ended_at == 0, state.ended_at)))


def _error_of(report: str) -> str:
    line = last_error(report)
    return "" if line in _SAYS_NOTHING else line


def _seconds(milliseconds: Any) -> float:
    return float(milliseconds) / 1000 if milliseconds else 0.0


def _log_directory(row: Mapping[str, Any]) -> str:
    """Flow hands each task its log files by name: `<logs>/<job>/<role>/<party>/<task>/root/ERROR`."""
    parameters = row.get("component_parameters") or {}
    handlers = ((parameters.get("conf") or {}).get("logger") or {}).get("config", {}).get("handlers", {})
    file = handlers.get("root_error", {}).get("filename", "")
    return str(PurePosixPath(file).parent.parent) if file else ""
