"""The jobs of a cluster: which ones a change would hit."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from fatecloud.components.flow.answers import JobRow
from fatecloud.components.flow.api import REFUSED, FlowApi, FlowApiError
from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.components.flow.probe_jobs import STATES
from fatecloud.errors import FatecloudError, Refused
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event, Listener
from fatecloud.model.layout import python_of
from fatecloud.transport import CONNECT_TIMEOUT, Transport
from fatecloud.workflow.as_service import as_user
from fatecloud.workflow.job_runners import JobRunner, as_desired
from fatecloud.workflow.load import Session

POLL = 5.0
"""Seconds between two looks at jobs that we wait for."""


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job that a restart would interrupt, reported by one of its parties or by several."""

    id: str
    sides: tuple[str, ...]
    """Its roles at the parties that were asked, for example `guest of party 9999`."""
    status: str
    partners: str
    age: float
    """Seconds since it was created."""

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(self.sides)}; {self.status} for {self.age:.0f} s, {self.partners})"


def job_services(session: Session) -> Mapping[str, DesiredService]:
    """Party id -> the service that runs its jobs."""
    return {service.id.owner: service for service in session.desired.services.values() if "job_api" in service.facts}


class JobApis:
    """Job APIs of managed parties, over one transport per node. Use as a context manager.

    Args:
        until: the latest time for an answer, by the monotonic clock.
    """

    def __init__(self, session: Session, until: float = math.inf) -> None:
        self._session = session
        self._until = until
        self._transports: dict[str, Transport] = {}
        self.services = job_services(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._transports.values():
            transport.close()

    def transport(self, party: str) -> Transport:
        """The transport to the node that runs a party's jobs. Raises TransportError."""
        return self._to(self.services[party].id.node)

    def api(self, party: str) -> FlowApi:
        """A party's job API. Raises KeyError for a party that is not managed."""
        return self.of(as_desired(self.services[party]))

    def of(self, runner: JobRunner) -> FlowApi:
        """The job API of a service, even if the service is no longer in the inventory.

        Raises:
            FatecloudError: its address is not known.
        """
        if not runner.url:
            raise FatecloudError("the node's manifest does not have the address of its job API")
        node = self._session.cluster.nodes[runner.node]
        become = node.become == "root"

        def run(command: str, text: str, timeout: float) -> str:
            argv = as_user(runner.user, node, ("sh", "-c", command))
            limit = self.seconds_for(timeout)
            done = self._to(runner.node).run(argv, stdin=text.encode(), timeout=limit, become=become)
            if done.exit != 0:
                last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
                raise FatecloudError(f"{runner.key}: the request to its job API failed: {' '.join(last)}")
            return done.stdout.decode(errors="replace")

        return FlowApi(NodeExchange(run, runner.url, settings=runner.settings, python=python_of(runner.home)))

    def seconds_for(self, wanted: float) -> float:
        """The wanted seconds, or what is left until the deadline. Raises FatecloudError after the deadline."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise FatecloudError("the deadline has passed")
        return min(wanted, left)

    def _to(self, node: str) -> Transport:
        if node not in self._transports:
            self._transports[node] = self._session.connect(
                self._session.cluster.nodes[node], self.seconds_for(CONNECT_TIMEOUT)
            )
        return self._transports[node]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the services that run jobs answered."""

    jobs: tuple[ActiveJob, ...]
    """Those that have not ended."""
    silent: tuple[str, ...]
    """Sentences about services that gave no answer: one that hangs may run jobs, so the operator is informed.

    A flow that is down refuses the connection. It runs nothing that a change could end, so nothing is said about it.
    """
    blind: tuple[str, ...]
    """The same about services that the change removes: their jobs would be lost silently, so the change is refused."""


def active_jobs(session: Session, runners: Collection[JobRunner]) -> Answers:
    """Ask these services for their jobs."""
    rows: list[tuple[str, JobRow]] = []
    silent: list[str] = []
    blind: list[str] = []
    with JobApis(session) as apis:
        for runner in runners:
            try:
                rows += [(runner.party, row) for row in apis.of(runner).active(STATES)]
            except FatecloudError as error:
                if isinstance(error, FlowApiError) and error.code == REFUSED:
                    continue
                line = f"cannot find out whether {runner.key} runs jobs: {error.message}"
                (blind if runner.leaving else silent).append(line)
    return Answers(_jobs_of(rows, time.time()), tuple(silent), tuple(blind))


def _jobs_of(rows: Iterable[tuple[str, JobRow]], now: float) -> tuple[ActiveJob, ...]:
    """One job per id: each flow lists a job once for every role that it plays in the job.

    Args:
        rows: party of the flow that reported it, and what it reported.
        now: seconds since the epoch.
    """
    by_id: dict[str, list[tuple[str, JobRow]]] = {}
    for party, row in rows:
        by_id.setdefault(row.job, []).append((party, row))
    return tuple(_job_of(found, now) for _, found in sorted(by_id.items()))


def _job_of(found: Sequence[tuple[str, JobRow]], now: float) -> ActiveJob:
    states = {row.status for _, row in found}
    return ActiveJob(
        id=found[0][1].job,
        sides=tuple(dict.fromkeys(f"{row.role} of party {party}" for party, row in found)),
        status=next(status for status in (*STATES, *sorted(states)) if status in states),
        partners=found[0][1].partners,
        age=now - min(row.created for _, row in found),
    )


def refuse_or_wait(
    session: Session, runners: Collection[JobRunner], *, interrupt: bool, wait: float, events: Listener
) -> None:
    """Wait for jobs to end before a change, for as long as the operator allows.

    Args:
        runners: the services whose jobs the change would interrupt.
        interrupt: continue even though jobs are running.
        wait: seconds to wait for them; 0 refuses at once.

    Raises:
        Refused: jobs are still running, or a service that the change removes does not answer.
    """
    if interrupt:
        return
    deadline = time.monotonic() + wait
    reported: set[str] = set()
    while True:
        answers = active_jobs(session, runners)
        for line in answers.silent:
            if line not in reported:
                events(Event("note", line))
        reported |= set(answers.silent)
        if not answers.jobs and not answers.blind:
            return
        if time.monotonic() >= deadline:
            raise _refusal(answers)
        events(Event("wait", f"waiting for jobs to end ({len(answers.jobs) or 'unknown'})"))
        time.sleep(POLL)


def _refusal(answers: Answers) -> Refused:
    count = len(answers.jobs)
    lines = [f"{count} job{'s' if count != 1 else ''} would be interrupted:"] if count else []
    lines += [f"  {job}" for job in answers.jobs]
    lines += [f"{line}; it would be stopped and removed" for line in answers.blind]
    waiting = "wait for them with --wait-jobs 30m" if count else "make sure that nothing runs there"
    return Refused("\n".join(lines), remedy=f"{waiting}, or use --interrupt-jobs")


def jobs_variables(wait: float, *, interrupt: bool) -> dict[str, Any]:
    """Variables that make a play ask for running jobs again, right before it stops a service; see `write_project`.

    Args:
        wait: seconds to wait for jobs that are found then.
        interrupt: do not ask.
    """
    return {"fatecloud_interrupt_jobs": interrupt, "fatecloud_wait_jobs": wait}
