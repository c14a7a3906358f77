"""Log entries as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


def record_text(service: str, lines: Sequence[str], file: str = "") -> str:
    """An entry, every line of it led by its service, so that `grep` keeps what belongs together.

    Args:
        file: where the entry is from, to be shown too; of a job, it says which task wrote it.
    """
    lead = f"{service} {_clean(file)}" if file else service
    return "\n".join(f"{lead} | {_clean(line)}" for line in lines)


def _clean(line: str) -> str:
    """The line without control characters: a log must not move the operator's cursor or change a title."""
    return "".join(c for c in _ANSI.sub("", line).expandtabs() if c.isprintable())
