"""FATE-Flow's HTTP API as far as verbs and the smoke tests need it, over any callable that performs one exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, REFUSED, Exchange, FlowApiError, Query, understood
from fatecloud.components.flow.schedule_log import attempt_of, first_failed, reason
from fatecloud.components.flow.v2.answers import job_rows, roles_of, tasks_of
from fatecloud.components.flow.v2.measures import measures_of
from fatecloud.components.flow.v2.probe_jobs import STATES
from fatecloud.model.jobs import Attempt, JobRow, Measure, RoleState, TaskState

# Flow's own codes for "there is none", which is an answer here and no failure.
_NO_JOB, _NO_TASK, _NO_TABLE = 1001, 2000, 7001
_ATTEMPT_LINES, _TASK_LINES = 300, 4000
"""Of the end of a log: some ten attempts, which flow makes every two seconds, and what the last tasks did."""
_FEDERATED_TIMEOUT = 60.0
"""Seconds for calls that flow passes on to its peers; it gives each of them 30 s."""


class FlowApi:
    """The calls of one flow.

    Flow answers HTTP 200 to nearly everything, so only the envelope's `code` counts. Every method raises
    `FlowApiError` when it is not 0, except where "nothing found" is an answer.

    Args:
        exchange: performs one exchange.
        timeout: seconds for a call that this flow answers by itself.
    """

    def __init__(self, exchange: Exchange, *, timeout: float = 20.0) -> None:
        self._exchange = exchange
        self._timeout = timeout

    @understood
    def version(self) -> str:
        """Version that flow reports; also shows that its process answers."""
        servers = self._get("/v2/server/fateflow")["data"]
        return str(next(iter(servers.values()))["version"])

    @understood
    def active(self) -> tuple[JobRow, ...]:
        """Jobs that have not ended, one row per role that this flow has in them; the newest 200.

        A flow that is down refuses the connection. It runs nothing that a change could end.
        """
        query = {"limit": "200", "page": "1", "status": STATES}
        try:
            return job_rows(self._get("/v2/job/list/query", query)["data"]["data"])
        except FlowApiError as error:
            if error.code == REFUSED:
                return ()
            raise

    @understood
    def newest(self, rows: int) -> tuple[JobRow, ...]:
        """The newest jobs, whatever their status: at most so many rows, one per role."""
        return job_rows(self._get("/v2/job/list/query", {"limit": str(rows), "page": "1"})["data"]["data"])

    @understood
    def known(self, job: str) -> tuple[JobRow, ...]:
        """The job's rows, one per role that this flow has in it; empty if it does not know the job."""
        return job_rows(self._found("/v2/job/query", {"job_id": job}, _NO_JOB))

    @understood
    def attempt(self, job: str, role: str, party: str) -> Attempt:
        """What came of the last attempt to get a waiting job its cores."""
        return attempt_of(self._schedule_log(job, role, party, _ATTEMPT_LINES))

    @understood
    def blamed(self, job: str, role: str, party: str) -> tuple[str, str, str]:
        """Role, party and task that failed first, of any party; empty texts where this flow noted no failure."""
        return first_failed(self._schedule_log(job, role, party, _TASK_LINES), job)

    @understood
    def measures(self, job: str, role: str, party: str, task: str) -> tuple[Measure, ...]:
        """The numbers that a task recorded."""
        query = {"job_id": job, "role": role, "party_id": party, "task_name": task}
        return measures_of(self._found("/v2/output/metric/query", query, _NO_TASK), role, party, task)

    @understood
    def submit(self, job: Mapping[str, Any]) -> str:
        """Submit a DAG as a job and return its id.

        Flow answers before the first task starts, so this says nothing about the job. When a party rejects it,
        flow reports an error, but keeps the job: see `FlowApiError.job`.
        """
        return str(self._post("/v2/job/submit", {"dag_schema": job}, timeout=_FEDERATED_TIMEOUT)["job_id"])

    @understood
    def upload(self, request: Mapping[str, Any]) -> str:
        """Start reading a file of flow's node into a table, and return the id of the job that does it."""
        return str(self._post("/v2/data/component/upload", request, timeout=_FEDERATED_TIMEOUT)["job_id"])

    @understood
    def roles(self, job: str) -> tuple[RoleState, ...]:
        """The job's roles that this flow knows; none when it does not know the job."""
        return roles_of(self._found("/v2/job/query", {"job_id": job}, _NO_JOB))

    @understood
    def tasks(self, job: str) -> tuple[TaskState, ...]:
        """The job's tasks that this flow knows; none when it does not know the job."""
        return tasks_of(self._found("/v2/job/task/query", {"job_id": job}, _NO_TASK))

    @understood
    def refused(self, job: str, role: str, party: str) -> str:
        """Why flow's scheduler gave up a job, as it logged it; empty if it logged nothing.

        For example `guest 9999 resource limit exceeded`, which no answer about the job or its tasks contains.
        """
        query = {"log_type": "schedule_error", "job_id": job, "role": role, "party_id": party}
        lines = self._get("/v2/log/query", query)["data"] or []
        return reason("\n".join(str(line.get("content", "")) for line in lines))

    def stop(self, job: str) -> None:
        """Cancel a job on all of its parties."""
        self._post("/v2/job/stop", {"job_id": job}, timeout=_FEDERATED_TIMEOUT)

    def clean(self, job: str) -> None:
        """Delete what this flow keeps of a job: rows, metrics, models, output tables. Ignores an unknown job."""
        self._gone("/v2/job/clean", {"job_id": job}, _NO_JOB)

    @understood
    def table_exists(self, namespace: str, name: str) -> bool:
        """Whether flow knows this table."""
        return bool(self._found("/v2/table/query", {"namespace": namespace, "name": name}, _NO_TABLE))

    def delete_table(self, namespace: str, name: str) -> None:
        """Delete a table and what it holds. A missing table is not an error."""
        self._gone("/v2/table/delete", {"namespace": namespace, "name": name}, _NO_TABLE)

    def _schedule_log(self, job: str, role: str, party: str, newest: int) -> list[str]:
        """The last lines of what flow noted when it scheduled a job. It asks for the role, and does not look at it."""
        query = {"log_type": "schedule_info", "job_id": job, "role": role, "party_id": party}
        count = int(self._get("/v2/log/count", query)["data"])
        begin = max(1, count - newest + 1)
        lines = self._get("/v2/log/query", {**query, "begin": str(begin)})["data"] or []
        return [str(line.get("content", "")) for line in lines]

    def _get(self, path: str, query: Query | None = None) -> Mapping[str, Any]:
        return self._call("GET", path, query=query, body=None, timeout=self._timeout)

    def _post(self, path: str, body: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        return self._call("POST", path, query=None, body=body, timeout=timeout)

    def _found(self, path: str, query: Query, nothing: int) -> Any:
        try:
            return self._get(path, query)["data"]
        except FlowApiError as error:
            if error.code == nothing:
                return []
            raise

    def _gone(self, path: str, body: Mapping[str, Any], nothing: int) -> None:
        try:
            self._post(path, body, timeout=_FEDERATED_TIMEOUT)
        except FlowApiError as error:
            if error.code != nothing:
                raise

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Query | None,
        body: Mapping[str, Any] | None,
        timeout: float,
    ) -> Mapping[str, Any]:
        envelope = self._exchange(method, path, query=query, body=body, timeout=timeout)
        code = envelope.get("code")
        # Other services on this port answer JSON as well.
        if not isinstance(code, int):
            raise FlowApiError(NO_ANSWER, "the answer has no code: is this port flow's?", path)
        if code != 0:
            raise FlowApiError(code, str(envelope.get("message", "")), path, job=str(envelope.get("job_id", "")))
        return envelope
