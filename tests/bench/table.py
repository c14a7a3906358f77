"""The one table, for a terminal and for the documentation."""

from __future__ import annotations

from result import Line, Results

HEAD = ("what", "nodes", "measured against", "median", "lowest - highest", "budget", "kept", "seconds")


def cells(line: Line) -> tuple[str, ...]:
    """One line as text."""
    digits = 1 if line.median >= 10 else 2
    unit = " x" if line.unit == "x" else ""
    seconds = ""
    if line.seconds is not None and line.yardstick is not None:
        seconds = f"{line.seconds:.2f} / {line.yardstick:.2f}"
    return (
        line.subject + (f" ({line.note})" if line.note else ""),
        str(line.nodes or ""),
        line.against,
        f"{line.median:.{digits}f}{unit}",
        f"{line.low:.{digits}f} - {line.high:.{digits}f}",
        line.budget,
        {True: "yes", False: "MISSED", None: ""}[line.kept],
        seconds,
    )


def as_text(results: Results) -> str:
    """Columns for a terminal."""
    rows = [HEAD, *(cells(line) for row in results.rows for line in results.lines(row))]
    widths = [max(len(row[index]) for row in rows) for index in range(len(HEAD))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in padded)


def as_markdown(results: Results) -> str:
    """The same in Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *(cells(line) for row in results.rows for line in results.lines(row))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
