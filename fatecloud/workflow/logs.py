"""`logs`: what a service wrote, over all nodes, in order of time."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from fatecloud.collect.logs import LogQuestion, LogRecord, job_logs
from fatecloud.errors import FatecloudError, TransportError, UsageError
from fatecloud.model.cluster import Node
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.transport import Transport
from fatecloud.workflow.log_readers import LINES_SINCE, Reader, Way

POLL = 1.0
"""Seconds between two looks of `--follow`."""
LEVELS = ("debug", "info", "warning", "error", "critical")
LINES = 200
_JOB = re.compile(r"[0-9]{14,32}")
"""FATE makes an id of the time of submission; it becomes a part of paths, so nothing but digits is taken."""
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
        show: takes one record after the other.
        complain: takes what could not be read or was left out, each sentence once.
        noisy: show also what healthy services write all the time, as their components list it in fact `noise`.
        follow: go on until interrupted.
        wait: sleeps between two looks.

    Returns:
        Exit status: 0, or 3 when a node could not be read.

    Raises:
        FatecloudError: there are no logs of the job that was asked for on any of the nodes.
    """
    ways = {name: Way(desired.node(name), connect) for name in sorted({one.id.node for one in services})}
    readers = [
        Reader(
            service,
            ways[service.id.node],
            replace(question, noise=() if noisy else tuple(service.facts.get("noise", ()))),
        )
        for service in services
    ]
    try:
        _look(readers, show, complain, None)
        lost = any(reader.lost for reader in readers)
        if question.job and not lost and not follow and not any(reader.batch.files for reader in readers):
            raise FatecloudError(
                f"there are no logs of job {question.job} on {', '.join(ways)}",
                remedy="Compare the id with the one that was printed when the job was submitted. "
                "Smoke tests remove the logs of their own jobs.",
            )
        # Follow polls: nothing is left running on a node when the operator presses Ctrl-C or the line drops.
        while follow:
            wait(POLL)
            for way in ways.values():
                way.next_look()
            _look(readers, show, complain, POLL)
    finally:
        for way in ways.values():
            way.close()
    return 3 if lost else 0


def _look(
    readers: Sequence[Reader],
    show: Callable[[LogRecord], None],
    complain: Callable[[str], None],
    patience: float | None,
) -> None:
    """Read once, and show what came within so many seconds; what takes longer is shown by a later look."""
    until = None if patience is None else time.monotonic() + patience
    for reader in readers:
        reader.start()
    ready = [r for r in readers if r.finish(None if until is None else max(0.0, until - time.monotonic()))]
    for record in heapq.merge(*(reader.batch.records for reader in ready), key=lambda r: r.time):
        show(record)
    before = {text for reader in readers for text in reader.complained}
    said: set[str] = set()
    for reader in ready:
        # A node that is lost is lost to all of its services, and says so once.
        lost = (_lost(reader.lost),) if reader.lost else ()
        reader.complained = (*lost, *(f"{reader.service.id.key}: {text}" for text in reader.batch.problems))
        for text in reader.complained:
            if text not in before | said:
                complain(text)
            said.add(text)


def _lost(error: TransportError) -> str:
    return f"{error.message} ({error.code})" + (f"\n  {error.remedy}" if error.remedy else "")


def of_job(services: Sequence[DesiredService], job: str) -> tuple[DesiredService, ...]:
    """Those of the services that keep logs of jobs.

    Args:
        job: the job's id.

    Raises:
        UsageError: it cannot be an id, or none of the services runs jobs.
    """
    if not _JOB.fullmatch(job):
        raise UsageError(f"invalid job id {job!r}: an id has 14 to 32 digits, like 202611261932145550830")
    found = tuple(service for service in services if job_logs(service))
    if not found:
        names = ", ".join(service.id.key for service in services)
        raise UsageError(f"--job: no logs of jobs are kept by {names}", remedy="Leave the selection out, or name flow.")
    return found


def question_of(
    *, since: str | None, grep: str | None, level: str | None, lines: int | None, now: float, job: str | None = None
) -> LogQuestion:
    """The operator's words as a question.

    Args:
        since: `10m`, `2h`, `1d` or `90s` ago, or `2026-11-25 19:30[:00]`, the controller's local time.
        now: seconds since the epoch.
        job: id of the job whose logs are asked for.

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
    return LogQuestion(lines or (LINES_SINCE if since or job else LINES), moment, level, grep, job=job or "")


def _moment(text: str, now: float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found:
        return now - float(found.group(1)) * _UNITS[found.group(2)]
    try:
        # A time without a zone is the controller's own; documents of ours end in Z.
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"invalid time {text!r}: use 10m, 2h, 1d, '2026-11-25 19:30' or 2026-11-25T19:30Z") from None
