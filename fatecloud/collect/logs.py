"""Asks one node for the logs of one service, by a script that is piped to it and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fatecloud.collect import shipment
from fatecloud.collect.gather import Runs
from fatecloud.errors import TransportError
from fatecloud.model.cluster import Node
from fatecloud.model.desired import DesiredService

SECONDS = 30.0
MIB = 1024**2


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """What to show of a service's logs."""

    lines: int
    """At most this many records of each service."""
    since: float | None = None
    """Node's clock, seconds since the epoch."""
    level: str | None = None
    """Lowest level: debug, info, warning, error or critical."""
    grep: str | None = None
    """Regular expression that a record must contain."""
    noise: tuple[str, ...] = ()
    """Regular expressions of records that healthy services write."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One entry of a log: its first line and what belongs to it."""

    time: float
    service: str
    level: str | None
    file: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """A node's answer."""

    records: tuple[LogRecord, ...]
    cursor: Mapping[str, Any] = field(default_factory=dict)
    """Where to go on; opaque."""
    problems: tuple[str, ...] = ()


def read_logs(
    connection: Runs,
    node: Node,
    service: DesiredService,
    question: LogQuestion,
    cursor: Mapping[str, Any] | None = None,
) -> LogBatch:
    """Read a service's logs, at most 64 MiB of text and `question.lines` records.

    Args:
        cursor: of the batch before, to get only what is new.

    Raises:
        TransportError: the node could not be asked, or gave no answer.
    """
    paths = {log.path for log in service.logs} | ({service.process.console} if service.process.console else set())
    spec = {
        "paths": sorted(paths),
        "unit": service.id.unit if node.supervision == "systemd" else None,
        "bytes": 8 * MIB if question.since is not None or question.grep else MIB,
        "since": question.since,
        "level": question.level,
        "grep": question.grep,
        "noise": list(question.noise),
        "lines": question.lines,
        "cursor": cursor,
    }
    stdin = shipment.stdin(spec, ("tail",))
    done = connection.run(shipment.command(node.paths.base), stdin=stdin, timeout=SECONDS, become=node.become == "root")
    answer = _answer(done.text.splitlines())
    if answer is None:
        raise TransportError(
            node.name,
            "NODE_COLLECTOR_FAILED",
            f"the log reader ended with exit {done.exit}: {done.error or 'no answer'}",
        )
    records = tuple(
        LogRecord(r["time"], service.id.key, r["level"], r["file"], tuple(r["lines"])) for r in answer["records"]
    )
    return LogBatch(records, answer["cursor"], tuple(answer["problems"]))


def _answer(lines: Sequence[str]) -> Any:
    for line in reversed(lines):
        if line.startswith('{"version"'):
            try:
                return json.loads(line)
            except ValueError:
                return None
    return None
