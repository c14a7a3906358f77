"""`logs`: what services wrote on all nodes, in order of time."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from fatecloud.collect.logs import SECONDS, LogQuestion, LogRecord, job_logs
from fatecloud.errors import FatecloudError, TransportError, UsageError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.node import Node
from fatecloud.transport import Transport
from fatecloud.workflow.job_id import job_id
from fatecloud.workflow.log_readers import LINES_SINCE, Reader, SharedConnection

POLL = 1.0
"""Seconds between two rounds of `--follow`."""
LEVELS = ("debug", "info", "warning", "error", "critical")
LINES = 200
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def show_logs(
    desired: Desired,
    connect: Callable[[Node], Transport],
    services: Sequence[DesiredService],
    question: LogQuestion,
    show: Callable[[LogRecord], None],
    complain: Callable[[str], None],
    *,
    noisy: bool = False,
    follow: bool = False,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Show the logs of services, merged by time.

    Args:
        connect: opens a connection, which is closed here.
        show: receives one record after the other.
        complain: receives what could not be read or was left out, each sentence once.
        noisy: also show what healthy services write all the time, as their components list it in fact `noise`.
        follow: continue until interrupted.
        wait: sleeps between two rounds.

    Returns:
        Exit status: 0, or 3 when a node could not be read.

    Raises:
        FatecloudError: there are no logs of the job that was asked for on any of the nodes.
    """
    names = sorted({one.id.node for one in services})
    connections = {name: SharedConnection(desired.node(name), connect) for name in names}
    readers = [
        Reader(
            service,
            connections[service.id.node],
            replace(question, noise=() if noisy else tuple(service.facts.get("noise", ()))),
        )
        for service in services
    ]
    try:
        _look(readers, show, complain, None)
        lost = any(reader.lost for reader in readers)
        if question.job and not lost and not follow and not any(reader.batch.files for reader in readers):
            raise FatecloudError(
                f"there are no logs of job {question.job} on {', '.join(names)}",
                remedy="Compare the id with the one that was printed when the job was submitted. "
                "Smoke tests remove the logs of their own jobs.",
            )
        # It polls, so that nothing keeps running on a node after Ctrl-C or a broken connection.
        while follow:
            wait(POLL)
            for connection in connections.values():
                connection.next_look()
            _look(readers, show, complain, POLL)
    finally:
        for connection in connections.values():
            connection.close()
    return 3 if lost else 0


def _look(
    readers: Sequence[Reader],
    show: Callable[[LogRecord], None],
    complain: Callable[[str], None],
    patience: float | None,
) -> None:
    """Read once, and show what arrived within `patience` seconds; a later round shows what takes longer."""
    until = None if patience is None else time.monotonic() + patience
    for reader in readers:
        reader.start()
    ready = [r for r in readers if r.finish(None if until is None else max(0.0, until - time.monotonic()))]
    # Each service's records are in order already.
    for record in heapq.merge(*(reader.batch.records for reader in ready), key=lambda r: r.time):
        show(record)
    before = {text for reader in readers for text in reader.complained}
    reported: set[str] = set()
    for reader in ready:
        # A node that cannot be reached gives all of its readers the same error: it is reported once.
        lost = (_error_text(reader.lost),) if reader.lost else ()
        reader.complained = (*lost, *(f"{reader.service.id.key}: {text}" for text in reader.batch.problems))
        for text in reader.complained:
            if text not in before | reported:
                complain(text)
            reported.add(text)


def _error_text(error: TransportError) -> str:
    return f"{error.message} ({error.code})" + (f"\n  {error.remedy}" if error.remedy else "")


def of_job(services: Sequence[DesiredService], job: str) -> tuple[DesiredService, ...]:
    """The services that keep logs of jobs.

    Args:
        job: the job's id.

    Raises:
        UsageError: it is not a valid id, or none of the services runs jobs.
    """
    job_id(job)
    found = tuple(service for service in services if job_logs(service))
    if not found:
        names = ", ".join(service.id.key for service in services)
        raise UsageError(
            f"--job: these keep no logs of jobs: {names}", remedy="leave the selection out: only some services do"
        )
    return found


def question_of(
    *,
    since: str | None,
    grep: str | None,
    level: str | None,
    lines: int | None,
    now: float,
    job: str | None = None,
    deadline: float = SECONDS,
) -> LogQuestion:
    """The question that the operator's options ask.

    Args:
        since: `10m`, `2h`, `1d` or `90s` ago, or `2026-11-25 19:30[:00]`, the controller's local time.
        now: seconds since the epoch.
        job: id of the job whose logs are asked for.
        deadline: seconds for one service's logs.

    Raises:
        UsageError: one of them is invalid.
    """
    try:
        re.compile(grep or "")
    except re.error as error:
        raise UsageError(f"invalid regular expression --grep {grep!r}: {error}") from error
    if level and level not in LEVELS:
        raise UsageError(f"invalid level {level!r}: use {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    if lines is not None and lines < 1:
        raise UsageError("--lines must be 1 or more")
    moment = _moment(since, now) if since else None
    count = lines or (LINES_SINCE if since or job else LINES)
    return LogQuestion(count, moment, level, grep, job=job or "", deadline=deadline)


def _moment(text: str, now: float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found:
        return now - float(found.group(1)) * _UNITS[found.group(2)]
    try:
        # A time without a zone is the controller's local time; times in fatecloud's documents end in Z.
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"invalid time {text!r}: use 10m, 2h, 1d, '2026-11-25 19:30' or 2026-11-25T19:30Z") from None
