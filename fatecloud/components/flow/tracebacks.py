"""What flow reports of a task that failed; pure."""

from __future__ import annotations


def last_error(report: str) -> str:
    """The line that names the error: the first unindented one after a traceback's last frame, else the first of all.

    The lines after it are the rest of the error's own text, so the last line may be anything, even a bracket.
    """
    lines = [line.rstrip() for line in report.splitlines() if line.strip()]
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    after = [line for line in lines[frames[-1] + 1 :] if not line.startswith(" ")] if frames else lines
    return (after or lines or [""])[0].strip()
