"""Log entries as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from fatecloud.report.envelope import moment
from fatecloud.report.kinds import LogEntry

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


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
        """Where it is known."""

    @property
    def file(self) -> str:
        """Name of the file that it is from."""

    @property
    def lines(self) -> Sequence[str]:
        """The first line and what belongs to it."""


def record_text(service: str, lines: Sequence[str], file: str = "") -> str:
    """An entry, every line of it led by its service, so that `grep` keeps what belongs together.

    Args:
        file: where the entry is from, to be shown too; of a job, it says which task wrote it.
    """
    lead = f"{service} {_clean(file)}" if file else service
    return "\n".join(f"{lead} | {_clean(line)}" for line in lines)


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


def _clean(line: str) -> str:
    """The line without control characters: a log must not move the operator's cursor or change a title."""
    return "".join(c for c in _ANSI.sub("", line).expandtabs() if c.isprintable())
