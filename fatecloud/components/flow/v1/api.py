"""FATE-Flow's HTTP API of 1.11 as far as verbs and the smoke test need it, over any callable that makes an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, REFUSED, Exchange, FlowApiError, understood
from fatecloud.components.flow.schedule_log import attempt_of, first_failed, reason
from fatecloud.components.flow.v1.answers import job_rows, roles_of, tasks_of
from fatecloud.components.flow.v1.measures import measures_of
from fatecloud.components.flow.v1.probe_jobs import LIST, STATES
from fatecloud.model.jobs import Attempt, JobRow, Measure, RoleState, TaskState

_NOTHING = (101, 102)
"""Flow's codes for "there is none", which is an answer here and no failure."""
_ATTEMPT_LINES, _TASK_LINES = 300, 4000
"""Of the end of a log: some ten attempts, which flow makes every two seconds, and what the last tasks did."""
_AT_ONCE = 1000
"""Lines in one answer: with tracebacks and settings in them, more would not fit into `http_exchange.LIMIT`."""
_FEDERATED_TIMEOUT = 60.0
"""Seconds for calls that flow passes on to its peers; it gives each of them 30 s."""
_CLEAN_TIMEOUT = 180.0
"""Seconds in which it may end the sessions of all of a job's tasks, one after the other."""


class FlowApi:
    """The calls of one flow; see `model.jobs.JobApi` and `data_proofs.DataApi`.

    Args:
        exchange: performs one exchange.
        timeout: seconds for a call that this flow answers by itself.
    """

    def __init__(self, exchange: Exchange, *, timeout: float = 20.0) -> None:
        self._exchange = exchange
        self._timeout = timeout

    @understood
    def active(self) -> tuple[JobRow, ...]:
        """Jobs that have not ended, one row per role that this flow has in them; the newest 200."""
        try:
            return self._listed({"limit": 200, "page": 1, "status": list(STATES)})
        except FlowApiError as error:
            if error.code == REFUSED:
                return ()
            raise

    @understood
    def newest(self, rows: int) -> tuple[JobRow, ...]:
        """The newest jobs, whatever their status: at most so many rows, one per role."""
        return self._listed({"limit": rows, "page": 1})

    @understood
    def known(self, job: str) -> tuple[JobRow, ...]:
        """The job's rows, one per role that this flow has in it; empty if it does not know the job."""
        return job_rows(self._found("/v1/job/query", {"job_id": job}))

    @understood
    def attempt(self, job: str, role: str, party: str) -> Attempt:
        """What came of the last attempt to get a waiting job its cores."""
        del role, party  # One log has those of all roles.
        return attempt_of(self._log("jobSchedule", job, _ATTEMPT_LINES))

    @understood
    def blamed(self, job: str, role: str, party: str) -> tuple[str, str, str]:
        """Role, party and task that failed first, of any party; empty texts where this flow noted no failure."""
        del role, party
        return first_failed(self._log("jobSchedule", job, _TASK_LINES), job)

    @understood
    def measures(self, job: str, role: str, party: str, task: str) -> tuple[Measure, ...]:
        """The numbers that a task recorded."""
        query = {"job_id": job, "role": role, "party_id": party, "component_name": task}
        return measures_of(self._found("/v1/tracking/component/metric/all", query) or {}, role, party, task)

    @understood
    def submit(self, job: Mapping[str, Any]) -> str:
        """Submit a job: an object with `job_dsl` and `job_runtime_conf`."""
        return str(self._call("/v1/job/submit", job, timeout=_FEDERATED_TIMEOUT)["jobId"])

    @understood
    def upload(self, request: Mapping[str, Any]) -> str:
        """Start reading a file of flow's node into a table, and return the id of the job that does it."""
        path = "/v1/data/upload"
        envelope = self._call(path, request, timeout=_FEDERATED_TIMEOUT)
        # The envelope says success also where the job was not taken.
        job, taken = str(envelope["jobId"]), envelope["data"]
        if taken.get("code", 0) != 0:
            raise FlowApiError(int(taken["code"]), str(taken.get("message", "")), path, job=job)
        return job

    @understood
    def roles(self, job: str) -> tuple[RoleState, ...]:
        """The job's roles that this flow knows; none when it does not know the job."""
        return roles_of(self._found("/v1/job/query", {"job_id": job}))

    @understood
    def tasks(self, job: str) -> tuple[TaskState, ...]:
        """The job's tasks at this flow's party; none when it does not know the job."""
        return tasks_of(self._found("/v1/job/task/query", {"job_id": job}))

    @understood
    def refused(self, job: str, role: str, party: str) -> str:
        """Why flow's scheduler gave up a job, as it logged it; empty if it logged nothing."""
        del role, party
        return reason("\n".join(self._log("jobScheduleError", job, _TASK_LINES)))

    def stop(self, job: str) -> None:
        """Cancel a job on all of its parties."""
        self._call("/v1/job/stop", {"job_id": job}, timeout=_FEDERATED_TIMEOUT)

    def clean(self, job: str) -> None:
        """Delete what a job has made; flow keeps the job itself in its list. Ignores an unknown job."""
        if self.roles(job):
            self._call("/v1/job/clean", {"job_id": job}, timeout=_CLEAN_TIMEOUT)

    @understood
    def table_exists(self, namespace: str, name: str) -> bool:
        """Whether flow knows this table."""
        query = {"namespace": namespace, "table_name": name}
        return bool(self._call("/v1/table/table_info", query, timeout=self._timeout)["data"]["exist"])

    def delete_table(self, namespace: str, name: str) -> None:
        """Delete a table and what it holds, in a session of EggRoll's. A missing table is not an error."""
        try:
            query = {"namespace": namespace, "table_name": name}
            self._call("/v1/table/delete", query, timeout=_FEDERATED_TIMEOUT)
        except FlowApiError as error:
            if error.code not in _NOTHING:
                raise

    def _log(self, kind: str, job: str, newest: int) -> list[str]:
        """The last lines of a log of a job's scheduling. Flow makes the path a part of a command: only an id is one."""
        if not job.isdigit():
            return []
        query = {"log_type": kind, "job_id": job}
        size = int(self._call("/v1/log/size", query, timeout=self._timeout)["data"]["size"])
        if not size:
            return []
        found: list[str] = []
        for begin in range(max(1, size - newest + 1), size + 1, _AT_ONCE):
            part = {**query, "begin": begin, "end": begin + _AT_ONCE - 1}
            lines = self._call("/v1/log/cat", part, timeout=self._timeout)["data"] or []
            found += [str(line.get("content", "")) for line in lines]
        return found

    def _listed(self, query: Mapping[str, Any]) -> tuple[JobRow, ...]:
        return job_rows(self._call(LIST, query, timeout=self._timeout)["data"]["jobs"])

    def _found(self, path: str, query: Mapping[str, Any]) -> Any:
        try:
            return self._call(path, query, timeout=self._timeout)["data"]
        except FlowApiError as error:
            if error.code in _NOTHING:
                return []
            raise

    def _call(self, path: str, body: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        envelope = self._exchange("POST", path, query=None, body=body, timeout=timeout)
        code = envelope.get("retcode")
        # Other services on this port answer JSON as well.
        if not isinstance(code, int):
            raise FlowApiError(NO_ANSWER, "the answer has no retcode: is this port flow's?", path)
        if code != 0:
            raise FlowApiError(code, str(envelope.get("retmsg", "")), path, job=str(envelope.get("jobId", "")))
        return envelope
