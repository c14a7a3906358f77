"""FATE-Flow's HTTP API of 1.11 as far as verbs and the smoke test need it, over any callable that makes an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, REFUSED, Exchange, FlowApiError, understood
from fatecloud.components.flow.v1.answers import job_rows, roles_of, tasks_of
from fatecloud.components.flow.v1.probe_jobs import LIST, STATES
from fatecloud.model.jobs import Attempt, JobRow, Measure, RoleState, TaskState

_NOTHING = (101, 102)
"""Flow's codes for "there is none", which is an answer here and no failure."""
_FEDERATED_TIMEOUT = 60.0
"""Seconds for calls that flow passes on to its peers; it gives each of them 30 s."""


class FlowApi:
    """The calls of one flow; see `model.jobs.JobApi`. What this flow does not report is left empty.

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

    def attempt(self, job: str, role: str, party: str) -> Attempt:
        """Nothing: this flow has no page for it."""
        del job, role, party
        return Attempt()

    def blamed(self, job: str, role: str, party: str) -> tuple[str, str, str]:
        """Nothing, likewise."""
        del job, role, party
        return "", "", ""

    def measures(self, job: str, role: str, party: str, task: str) -> tuple[Measure, ...]:
        """Nothing: they are not read yet."""
        del job, role, party, task
        return ()

    @understood
    def submit(self, job: Mapping[str, Any]) -> str:
        """Submit a job: an object with `job_dsl` and `job_runtime_conf`."""
        return str(self._call("/v1/job/submit", job, timeout=_FEDERATED_TIMEOUT)["jobId"])

    @understood
    def roles(self, job: str) -> tuple[RoleState, ...]:
        """The job's roles that this flow knows; none when it does not know the job."""
        return roles_of(self._found("/v1/job/query", {"job_id": job}))

    @understood
    def tasks(self, job: str) -> tuple[TaskState, ...]:
        """The job's tasks at this flow's party; none when it does not know the job."""
        return tasks_of(self._found("/v1/job/task/query", {"job_id": job}))

    def refused(self, job: str, role: str, party: str) -> str:
        """Nothing: this flow has no page for it."""
        del job, role, party
        return ""

    def stop(self, job: str) -> None:
        """Cancel a job on all of its parties."""
        self._call("/v1/job/stop", {"job_id": job}, timeout=_FEDERATED_TIMEOUT)

    def clean(self, job: str) -> None:
        """Delete what a job has made; flow keeps the job itself in its list. Ignores an unknown job."""
        if self.roles(job):
            self._call("/v1/job/clean", {"job_id": job}, timeout=_FEDERATED_TIMEOUT)

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
