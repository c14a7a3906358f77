"""Log entries as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


def record_text(service: str, lines: Sequence[str]) -> str:
    """An entry, every line of it led by its service, so that `grep` keeps what belongs together."""
    return "\n".join(f"{service} | {_clean(line)}" for line in lines)


def _clean(line: str) -> str:
    """The line without control characters: a log must not move the operator's cursor or change a title."""
    return "".join(c for c in _ANSI.sub("", line).expandtabs() if c.isprintable())
