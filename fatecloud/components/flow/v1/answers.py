"""What flow's answers about jobs mean; pure.

A list has its columns under their own names; other answers have them as the database does, with `f_` before each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.components.flow.tracebacks import last_error
from fatecloud.model.jobs import JobRow, RoleState, TaskState

Row = Mapping[str, Any]


def named(row: Row) -> dict[str, Any]:
    """A row with its columns under their own names."""
    return {name.removeprefix("f_"): value for name, value in row.items()}


def job_rows(rows: Iterable[Row]) -> tuple[JobRow, ...]:
    """Read the rows of `/v1/job/list/job` or `/v1/job/query`."""
    return tuple(map(_job_row, map(named, rows)))


def _job_row(row: Row) -> JobRow:
    party = str(row["party_id"])
    sides = tuple((str(role), str(name)) for role, names in (row.get("roles") or {}).items() for name in names)
    partners = sorted({name for _, name in sides} - {party})
    return JobRow(
        job=str(row["job_id"]),
        role=str(row["role"]),
        party=party,
        status=str(row["status"]),
        partners=f"with {', '.join(partners)}" if partners else "alone",
        created=seconds(row.get("create_time")),
        cores=_cores(row),
        held=bool(row.get("resource_in_use")),
        held_since=seconds(row.get("apply_resource_time")),
        # The one that starts a job schedules it.
        scheduler=str(row.get("initiator_party_id") or ""),
        progress=int(row.get("progress") or 0),
        elapsed=seconds(row.get("elapsed")),
        ended_at=seconds(row.get("end_time")),
        sides=sides,
    )


def _cores(row: Row) -> int:
    """What it has, or asks for: until it gets cores once, flow writes none, and only the job's parameters say it.

    An arbiter takes none.
    """
    if row.get("cores") or str(row["role"]) == "arbiter":
        return int(row.get("cores") or 0)
    conf = row.get("runtime_conf_on_party") or {}
    asked = conf.get("job_parameters") or {}
    shared = asked.get("adaptation_parameters") or {}
    per_node, nodes = (int(shared.get(name) or 0) for name in ("task_cores_per_node", "task_nodes"))
    return per_node * nodes * int(asked.get("task_parallelism") or 1)


def roles_of(rows: Iterable[Row]) -> tuple[RoleState, ...]:
    """Read the rows of `/v1/job/query`."""
    return tuple(
        RoleState(
            role=str(row["role"]),
            party=str(row["party_id"]),
            status=str(row["status"]),
            cores=_cores(row),
            elapsed=seconds(row.get("elapsed")),
        )
        for row in map(named, rows)
    )


def tasks_of(rows: Iterable[Row]) -> tuple[TaskState, ...]:
    """Read the rows of `/v1/job/task/query`, earliest end first, unfinished last.

    Those of other parties are left out: some of their columns never change.
    """
    states = [
        TaskState(
            task=str(row["component_name"]),
            role=str(row["role"]),
            party=str(row["party_id"]),
            status=str(row["party_status"]),
            report=(report := str(row.get("error_report") or "").strip()),
            error=last_error(report),
            logs=_log_directory(row.get("cmd")),
            elapsed=seconds(row.get("elapsed")),
            ended_at=seconds(row.get("end_time")),
            started_at=seconds(row.get("start_time")),
        )
        for row in map(named, rows)
        if row.get("run_on_this_party")
    ]
    return tuple(sorted(states, key=lambda state: (state.ended_at == 0, state.ended_at)))


def _log_directory(command: Any) -> str:
    """Flow passes a task the directory of its logs: `<logs>/<job>/<role>/<party>/<task>`."""
    words = [str(word) for word in command] if isinstance(command, list) else []
    return words[words.index("--log_dir") + 1] if "--log_dir" in words[:-1] else ""


def seconds(milliseconds: Any) -> float:
    """Of a column with a time or a duration; 0 for none."""
    return float(milliseconds) / 1000 if milliseconds else 0.0
