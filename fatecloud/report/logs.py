"""Log entries as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from fatecloud.plain import plain
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.status import LogEntry


class Entry(Protocol):
    """What a service wrote at one moment."""

    @property
    def time(self) -> float:
        """Seconds since the epoch."""

    @property
    def service(self) -> str:
        """Key of the service."""

    @property
    def level(self) -> str | None:
        """None if it is not known."""

    @property
    def file(self) -> str:
        """Name of the file that contains it."""

    @property
    def lines(self) -> Sequence[str]:
        """The first line and its continuation lines."""


def record_text(service: str, lines: Sequence[str], file: str = "") -> str:
    """An entry. Every line begins with its service, so that `grep` can select by service.

    Args:
        file: name of the file, to be shown too; the logs of a job show this way which task wrote an entry.
    """
    lead = f"{service} {plain(file)}" if file else service
    return "\n".join(f"{lead} | {plain(line)}" for line in lines)


def entry_document(entry: Entry, redact: Callable[[str], str]) -> LogEntry:
    """An entry as a document for programs.

    Args:
        entry: what a service wrote.
        redact: takes secrets out of one line.
    """
    return {
        "time": moment(entry.time),
        "service": entry.service,
        "level": entry.level,
        "file": entry.file,
        "lines": [redact(line) for line in entry.lines],
    }
