"""Differences of files as lines for a terminal, in the colours of `diff` and `git`."""

from __future__ import annotations

from fatecloud.plain import plain
from fatecloud.report.look import Look, toned

_CODES = {"+": "32", "-": "31", "@": "36", "!": "33"}
"""SGR code by the first character of a line; `!` marks a change that is not shown."""
_HEADS = ("--- ", "+++ ")


def body_of(diff: str) -> tuple[str, ...]:
    """The lines of a unified diff without its two head lines, which name the file."""
    lines = diff.splitlines()
    return tuple(lines[2:] if len(lines) > 1 and (lines[0][:4], lines[1][:4]) == _HEADS else lines)


def diff_lines(lines: tuple[str, ...], look: Look, limit: int | None) -> list[str]:
    """The lines, coloured if the terminal allows it, without control characters, because some come from a node.

    Args:
        limit: how many to show; None for all.
    """
    # One line more than the limit is shown: the line about it would take the same space.
    shown = lines if limit is None or len(lines) <= limit + 1 else lines[:limit]
    text = [_coloured(plain(line), look) for line in shown]
    if len(shown) < len(lines):
        text.append(f"... {len(lines) - len(shown)} more lines; --full shows them")
    return text


def _coloured(line: str, look: Look) -> str:
    code = _CODES.get(line[:1])
    return toned(line, code, look) if code else line
