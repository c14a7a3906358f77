"""The jobs of a cluster: who runs them, and which ones a change would hit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fatecloud.components.flow.api import FlowApi
from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.errors import FatecloudError, Refused, UsageError
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event, Listener
from fatecloud.model.layout import python_of
from fatecloud.transport import Transport
from fatecloud.workflow.load import Session

POLL = 5.0
"""Seconds between two looks at jobs that we wait for."""

ACTIVE = ("running", "waiting", "ready")


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job that a restart would interrupt."""

    id: str
    party: str
    role: str
    status: str
    partners: str
    age: float
    """Seconds since it was created."""

    def __str__(self) -> str:
        return f"{self.id} ({self.role} of party {self.party}, {self.status} for {self.age:.0f} s, {self.partners})"


def job_services(session: Session) -> Mapping[str, DesiredService]:
    """Party id -> the service that runs its jobs."""
    return {service.id.party: service for service in session.desired.services.values() if "job_api" in service.facts}


class JobApis:
    """The job APIs of all managed parties, over one transport per node. Use as a context manager."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._transports: dict[str, Transport] = {}
        self.services = job_services(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._transports.values():
            transport.close()

    def transport(self, party: str) -> Transport:
        """The transport to the node that runs a party's jobs. Raises TransportError."""
        name = self.services[party].id.node
        if name not in self._transports:
            self._transports[name] = self._session.connect(self._session.cluster.nodes[name])
        return self._transports[name]

    def api(self, party: str) -> FlowApi:
        """A party's job API. Raises KeyError for a party that is not managed."""
        service = self.services[party]
        become = self._session.cluster.nodes[service.id.node].become == "root"

        def run(command: str, text: str, timeout: float) -> str:
            done = self.transport(party).run(("sh", "-c", command), stdin=text.encode(), timeout=timeout, become=become)
            if done.exit != 0:
                last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
                raise FatecloudError(f"{service.id.key}: could not ask it: {' '.join(last)}")
            return done.stdout.decode(errors="replace")

        return FlowApi(NodeExchange(run, service.facts["job_api"], python=python_of(service.home)))


def active_jobs(session: Session, parties: set[str]) -> tuple[tuple[ActiveJob, ...], tuple[str, ...]]:
    """Jobs of these parties that have not ended, and what could not be asked, in words.

    A flow that is down or was never deployed runs nothing that a change could end; one that hangs may, so it is told.
    """
    found, silent = [], []
    with JobApis(session) as apis:
        for party in sorted(parties & set(apis.services)):
            try:
                rows = apis.api(party).active(ACTIVE)
            except FatecloudError as error:
                silent.append(f"whether party {party} runs jobs is not known: {error.message}")
                continue
            found += [ActiveJob(r.job, party, r.role, r.status, r.partners, time.time() - r.created) for r in rows]
    return tuple(found), tuple(silent)


def refuse_or_wait(session: Session, parties: set[str], *, interrupt: bool, wait: float, events: Listener) -> None:
    """Let jobs end before a change, as long as the operator said.

    Args:
        parties: those whose services would be restarted or stopped.
        interrupt: go on although jobs are running.
        wait: seconds to wait for them; 0 refuses at once.

    Raises:
        Refused: jobs are running, and neither was said.
    """
    if interrupt:
        return
    deadline = time.monotonic() + wait
    told: set[str] = set()
    while True:
        jobs, silent = active_jobs(session, parties)
        for line in silent:
            if line not in told:
                events(Event("note", line))
        told |= set(silent)
        if not jobs:
            return
        if time.monotonic() >= deadline:
            lines = "\n".join(f"  {job}" for job in jobs)
            raise Refused(
                f"{len(jobs)} job{'s' if len(jobs) > 1 else ''} would be interrupted:\n{lines}",
                remedy="wait for them with --wait-jobs 30m, or say --interrupt-jobs",
            )
        events(Event("wait", f"waiting for {len(jobs)} jobs to end"))
        time.sleep(POLL)


_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: str | None) -> float:
    """Read `90s`, `30m`, `2h` or a bare number of seconds; None is 0.

    Raises:
        UsageError: it is none of these.
    """
    if not text:
        return 0.0
    number, unit = (text[:-1], text[-1]) if text[-1] in _UNITS else (text, "s")
    if not number.replace(".", "", 1).isdigit():
        raise UsageError(f"{text!r} is no time", remedy="write 90s, 30m or 2h")
    return float(number) * _UNITS[unit]
