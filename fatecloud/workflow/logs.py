"""`logs`: what a service wrote, over all nodes, in order of time."""

from __future__ import annotations

import difflib
import heapq
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fatecloud.collect.gather import Runs
from fatecloud.collect.logs import LogBatch, LogQuestion, LogRecord, read_logs
from fatecloud.errors import TransportError, UsageError
from fatecloud.model.cluster import Node
from fatecloud.model.desired import Desired, DesiredService

POLL = 1.0
"""Seconds between two looks of `--follow`."""
LEVELS = ("debug", "info", "warning", "error", "critical")
LINES = 200
LINES_SINCE = 5000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(slots=True)
class _Reader:
    """One service's log on its node, and how far it was read."""

    service: DesiredService
    node: Node
    question: LogQuestion
    connection: Runs | None = None
    cursor: Mapping[str, Any] | None = None
    batch: LogBatch = field(default_factory=lambda: LogBatch(()))
    told: str = ""

    def read(self, connect: Callable[[Node], Runs]) -> None:
        """Fill `batch` with what is new. A node that fails says so once and is tried again the next time."""
        try:
            self.connection = self.connection or connect(self.node)
            self.batch = read_logs(self.connection, self.node, self.service, self.question, self.cursor)
            self.cursor = self.batch.cursor
            # `--lines` is about the past; of what comes after it, nothing is left out.
            self.question = replace(self.question, lines=max(self.question.lines, LINES_SINCE))
        except TransportError as error:
            self.connection = None
            self.batch = LogBatch((), problems=(error.message,))


def show_logs(
    desired: Desired,
    connect: Callable[[Node], Runs],
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
        show: takes one record after the other.
        complain: takes what could not be read, each sentence once.
        noisy: show also what healthy services write all the time, as their components list it in fact `noise`.
        follow: go on until interrupted.
        wait: sleeps between two looks.

    Returns:
        Exit status: 0, or 3 when a node could not be read.
    """
    readers = [
        _Reader(
            service,
            desired.node(service.id.node),
            replace(question, noise=() if noisy else tuple(service.facts.get("noise", ()))),
        )
        for service in services
    ]
    failed = _look(readers, connect, show, complain)
    # Follow polls: nothing is left running on a node when the operator presses Ctrl-C or the line drops.
    while follow:
        wait(POLL)
        _look(readers, connect, show, complain)
    return 3 if failed else 0


def _look(
    readers: Sequence[_Reader],
    connect: Callable[[Node], Runs],
    show: Callable[[LogRecord], None],
    complain: Callable[[str], None],
) -> bool:
    threads = [threading.Thread(target=reader.read, args=(connect,), daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for record in heapq.merge(*(reader.batch.records for reader in readers), key=lambda r: r.time):
        show(record)
    for reader in readers:
        said = "; ".join(reader.batch.problems)
        if said and said != reader.told:
            complain(f"{reader.service.id.key}: {said}")
        reader.told = said
    return any(reader.connection is None for reader in readers)


def chosen(desired: Desired, text: str) -> tuple[DesiredService, ...]:
    """The services that a word means: a key, `party/component`, a component, `component@node` or a node.

    Raises:
        UsageError: it means none.
    """
    names: dict[str, set[str]] = {}
    for key, service in desired.services.items():
        ident = service.id
        words = (f"{ident.party}/{ident.component}", f"{ident.component}@{ident.node}", ident.component, ident.node)
        for form in (key, *words):
            names.setdefault(form, set()).add(key)
    if text not in names:
        near = difflib.get_close_matches(text, names, n=1)
        raise UsageError(
            f"there is no service {text!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            remedy="one of: " + ", ".join(sorted(desired.services)),
        )
    return tuple(desired.services[key] for key in sorted(names[text]))


def question_of(
    *, since: str | None, grep: str | None, level: str | None, lines: int | None, now: float
) -> LogQuestion:
    """The operator's words as a question.

    Args:
        since: `10m`, `2h`, `1d` or `90s` ago, or `2026-11-25 19:30[:00]`, the controller's local time.
        now: seconds since the epoch.

    Raises:
        UsageError: one of them means nothing.
    """
    try:
        re.compile(grep or "")
    except re.error as error:
        raise UsageError(f"--grep {grep!r} is no regular expression: {error}") from error
    if level and level not in LEVELS:
        raise UsageError(f"--level {level!r} is none of {', '.join(LEVELS)}")
    if lines is not None and lines < 1:
        raise UsageError("--lines must be 1 or more")
    moment = _moment(since, now) if since else None
    return LogQuestion(lines or (LINES_SINCE if since else LINES), moment, level, grep)


def _moment(text: str, now: float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found:
        return now - float(found.group(1)) * _UNITS[found.group(2)]
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return time.mktime(time.strptime(text, form))
        except ValueError:
            continue
    raise UsageError(f"--since {text!r} is no time", remedy="write 10m, 2h, 1d or '2026-11-25 19:30'")
