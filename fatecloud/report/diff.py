"""Differences of files as lines for a terminal, in the colours that `diff` and `git` have."""

from __future__ import annotations

from fatecloud.report.look import Look, toned

_CODES = {"+": "32", "-": "31", "@": "36", "!": "33"}
"""By the first character of a line; `!` leads what changed and is not shown."""
_HEADS = ("--- ", "+++ ")


def body_of(diff: str) -> tuple[str, ...]:
    """The lines of a unified diff without its two head lines, which name the file."""
    lines = diff.splitlines()
    return tuple(lines[2:] if len(lines) > 1 and (lines[0][:4], lines[1][:4]) == _HEADS else lines)


def diff_lines(lines: tuple[str, ...], look: Look, limit: int | None) -> list[str]:
    """The lines, coloured where colours are welcome, without control characters: a node has written some of them.

    Args:
        limit: how many are shown; None for all.
    """
    shown = lines if limit is None or len(lines) <= limit + 1 else lines[:limit]
    text = [_coloured(plain(line), look) for line in shown]
    if len(shown) < len(lines):
        text.append(f"... {len(lines) - len(shown)} more lines; --full shows them")
    return text


def _coloured(line: str, look: Look) -> str:
    code = _CODES.get(line[:1])
    return toned(line, code, look) if code else line


def plain(line: str) -> str:
    """The line without control characters, which are shown as escapes instead."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line.expandtabs())
