"""The daily screen as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from fatecloud.report.status_rows import Row, Status, age_text

SCHEMA = 1
_COLUMNS = ("party", "node", "component", "version", "deployed", "running", "since", "ports", "notes")


def status_table(status: Status, width: int) -> str:
    """The screen as text. Nothing is cut: notes that do not fit beside their row stand below it.

    Args:
        width: columns of the terminal.
    """
    rows = [_cells(row) for row in status.rows]
    sizes = [max(len(title), *(len(row[i]) for row in rows), 0) for i, title in enumerate(_COLUMNS)]
    lines = [f"cluster {status.cluster}, release {status.release}", *_aligned(rows, sizes, width)]
    if any("!" in row[_COLUMNS.index("ports")] for row in rows):
        lines.append("! nobody of the service listens on this port")
    return "\n".join([*lines, *status.notes])


def _aligned(rows: Sequence[tuple[str, ...]], sizes: Sequence[int], width: int) -> Iterator[str]:
    for *cells, notes in (tuple(title.upper() for title in _COLUMNS), *rows):
        line = "  ".join(cell.ljust(size) for cell, size in zip(cells, sizes[:-1], strict=True))
        if len(line) + 2 + len(notes) <= width or notes in ("", "NOTES"):
            yield f"{line}  {notes}".rstrip()
        else:
            yield line.rstrip()
            yield f"        {notes}"


def _cells(row: Row) -> tuple[str, ...]:
    marks = {True: "", False: "" if row.deployed == "no" else "!", None: "?"}
    ports = " ".join(f"{number}{marks[listens]}" for number, listens in row.ports.items())
    since = age_text(row.since)
    return (
        row.party,
        row.node,
        row.component,
        row.version,
        row.deployed,
        row.running,
        since,
        ports or "-",
        "; ".join(row.notes),
    )


def status_json(status: Status) -> str:
    """The screen as one JSON document, schema version 1."""
    services = [asdict(row) | {"well": row.well} for row in status.rows]
    head = {"version": SCHEMA, "kind": "status", "cluster": status.cluster, "release": status.release}
    return json.dumps(head | {"taken": status.taken, "services": services, "notes": list(status.notes)}, indent=2)
