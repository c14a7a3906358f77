"""Asks one node for the logs of one service, by a script that is piped to it and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.collect import shipment
from fatecloud.collect.gather import Runs
from fatecloud.collect.incoming import document_of
from fatecloud.collect.node.records import LEVELS
from fatecloud.errors import TransportError
from fatecloud.model.desired import DesiredService
from fatecloud.model.node import Node
from fatecloud.plain import plain

SECONDS = 30.0
_LAST_MOMENT = 253402300799
"""The last second of the year 9999, which is the last one that can be shown."""
MIB = 1024**2
PARTS = ("opening", "records", "kept", "journal", "tail")
"""Files below `node/` that read logs."""


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
    job: str = ""
    """Id of a job, to show its logs instead of the services' own."""
    deadline: float = SECONDS
    """Seconds for one service's logs."""


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
    """Where to continue; opaque."""
    problems: tuple[str, ...] = ()
    """What could not be read, and what was left out, as sentences."""
    files: int = 0
    """How many files there were to read."""


def read_logs(
    connection: Runs,
    node: Node,
    service: DesiredService,
    question: LogQuestion,
    cursor: Mapping[str, Any] | None = None,
) -> LogBatch:
    """Read a service's logs: 8 MiB of each file at most, 64 MiB in all, for an answer of at most 4 MiB.

    Args:
        cursor: of the batch before, to get only what is new.

    Raises:
        TransportError: the node could not be asked, or did not answer.
    """
    spec = {
        **_places(node, service, question.job),
        "bytes": 8 * MIB if question.since is not None or question.grep or question.job else MIB,
        "since": question.since,
        "level": question.level,
        "grep": question.grep,
        "noise": list(question.noise),
        "lines": question.lines,
        "cursor": cursor,
    }
    stdin = shipment.stdin(spec, PARTS)
    command, become = shipment.command(node.paths.base), node.become == "root"
    done = connection.run(command, stdin=stdin, timeout=question.deadline, become=become)
    answer = document_of(done.stdout, raw=True)
    said = f"ended with exit {done.exit}: {done.error or 'no answer'}"
    if answer is not None:
        try:
            return _batch(answer, service.id.key, question, spec["bytes"])
        except (KeyError, TypeError, ValueError, AttributeError):
            said = "gave an answer of another form"
    raise TransportError(node.name, "NODE_COLLECTOR_FAILED", f"the log reader {said}")


def _batch(answer: Mapping[str, Any], service: str, question: LogQuestion, of_file: int) -> LogBatch:
    """Raises KeyError, TypeError, ValueError or AttributeError where the answer is none of our reader's."""
    records = tuple(_record(service, record) for record in answer["records"])
    problems = (
        *(plain(str(text)) for text in answer["problems"]),
        *_left_out(answer["cut"], len(records), question, of_file),
    )
    return LogBatch(records, dict(answer["cursor"]), problems, int(answer["files"]))


def _record(service: str, found: Mapping[str, Any]) -> LogRecord:
    moment, level = float(found["time"]), found["level"]
    # Times are shown as dates, and a date of another year than 0 to 9999 raises an error that no one expects.
    if not 0 <= moment <= _LAST_MOMENT or level not in (*LEVELS, None):
        raise ValueError
    return LogRecord(moment, service, level, str(found["file"]), tuple(map(str, found["lines"])))


def _places(node: Node, service: DesiredService, job: str) -> dict[str, Any]:
    """Where to read: a service's own logs, or those that it keeps of one job."""
    if job:
        return {"paths": [], "trees": [tree.format(job=job) for tree in job_logs(service)], "unit": None}
    paths = {log.path for log in service.logs} | ({service.process.console} if service.process.console else set())
    # Below it the service may put any name, so no link is followed there.
    root = f"{node.paths.logs}/{service.id.slug}"
    return {"paths": sorted(paths), "root": root, "unit": service.id.unit if node.supervision == "systemd" else None}


def job_logs(service: DesiredService) -> tuple[str, ...]:
    """Directories where a service keeps the logs of one job, with `{job}` for its id; none for most services."""
    return tuple(service.facts.get("job_logs", ()))


def _left_out(cut: Mapping[str, Any], shown: int, question: LogQuestion, of_file: int) -> Iterator[str]:
    """What the answer lacks, and how to get it."""
    if cut["size"]:
        yield (
            f"{cut['size']} older entries were left out: an answer has at most 4 MiB, and the newest are kept. "
            "Narrow it with --since, --grep or --level"
        )
    # Without a beginning, `--lines` of the latest entries are all that was asked for.
    if cut["count"] and (question.since is not None or question.job):
        yield f"{cut['count']} older entries were left out: raise --lines {question.lines}, or narrow --since"
    if cut["size"] or shown >= question.lines:
        return
    if cut["unread"]:
        limits = f"{of_file // MIB} MiB of a file and 64 MiB in all"
        yield f"{cut['unread'] / MIB:.1f} MiB of older text were not searched: the limit is {limits}"
    if cut["journal"]:
        yield "older entries of the journal were not searched: the limit is 16 MiB"
