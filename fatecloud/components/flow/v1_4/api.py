"""FATE-Flow's HTTP API of 1.4 as far as verbs and the smoke test need it: that of 1.11 without its list of jobs."""

from __future__ import annotations

from fatecloud.components.flow.exchange import REFUSED, Exchange, FlowApiError, understood
from fatecloud.components.flow.v1 import api as later
from fatecloud.components.flow.v1_4.answers import job_rows, tasks_of
from fatecloud.components.flow.v1_4.states import OPEN
from fatecloud.model.jobs import JobRow, TaskState

_JOBS, _TASKS = "/v1/job/query", "/v1/job/task/query"


class FlowApi(later.FlowApi):
    """The calls of one flow; see `model.jobs.JobApi`.

    Args:
        exchange: performs one exchange.
        newest: asks on the node for each of the newest jobs, see `newest_jobs`.
        directory: with one directory for each job.
        timeout: seconds for a call that this flow answers by itself.
    """

    def __init__(self, exchange: Exchange, newest: Exchange, directory: str, *, timeout: float = 20.0) -> None:
        super().__init__(exchange, timeout=timeout)
        self._newest = newest
        self._directory = directory

    @understood
    def active(self) -> tuple[JobRow, ...]:
        """Jobs that have not ended, one row per role that this flow has in them."""
        try:
            found = [job_rows(self._found(_JOBS, {"status": state})) for state in OPEN]
        except FlowApiError as error:
            if error.code == REFUSED:
                return ()
            raise
        return tuple(row for rows in found for row in rows)

    @understood
    def newest(self, rows: int) -> tuple[JobRow, ...]:
        """The newest jobs that still have a directory, whatever their status: at most so many rows, one per role."""
        query, body = {"directory": self._directory}, {"rows": rows}
        envelope = self._newest("POST", _JOBS, query=query, body=body, timeout=self._timeout)
        return tuple(sorted(job_rows(envelope["data"]), key=lambda row: -row.created)[:rows])

    @understood
    def known(self, job: str) -> tuple[JobRow, ...]:
        """The job's rows, one per role that this flow has in it; empty if it does not know the job."""
        return job_rows(self._found(_JOBS, {"job_id": job}))

    @understood
    def tasks(self, job: str) -> tuple[TaskState, ...]:
        """The job's tasks, those of other parties as well where this flow schedules it; none for an unknown job."""
        return tasks_of(self._found(_TASKS, {"job_id": job}))

    def clean(self, job: str) -> None:
        """Nothing: flow would start a session for each task to end it, for those of other parties as well.

        Such a session was seen to stay after a reboot. A toy leaves no table.
        """
        del job

    def _log(self, kind: str, job: str, newest: int) -> list[str]:
        """Nothing: it has no call for its logs."""
        del kind, job, newest
        return []
