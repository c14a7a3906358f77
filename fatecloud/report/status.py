"""The daily screen as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.duration import duration_text
from fatecloud.model.sizes import size_text
from fatecloud.plain import plain_lines
from fatecloud.report.commands import typed
from fatecloud.report.envelope import moment
from fatecloud.report.health import health, last_check_document
from fatecloud.report.kinds.status import ClusterStatus, WorkersDocument
from fatecloud.report.status_rows import Row, Status
from fatecloud.report.wrap import columns_of, wrapped

_BELOW = " " * 8
_COLUMNS = ("owner", "node", "component", "version", "deployed", "running", "since", "ports", "notes")


def status_table(status: Status, width: int) -> str:
    """The screen as text. Nothing is cut off: notes that do not fit beside their row are printed below it.

    If not even the columns fit, each service takes a few lines.

    Args:
        width: columns of the terminal.
    """
    rows = [cells for row in status.rows for cells in (_cells(row), *_cells_of_workers(row))]
    sizes = [max(columns_of(title), *(columns_of(row[i]) for row in rows)) for i, title in enumerate(_COLUMNS)][:-1]
    fits = sum(sizes) + 2 * (len(sizes) - 1) <= width
    title = f"cluster {status.cluster}, {', '.join(status.releases)}"
    lines = [*wrapped(title, width), *(_aligned(rows, sizes, width) if fits else _stacked(rows, width))]
    if any("!" in row[_COLUMNS.index("ports")] for row in rows):
        lines += wrapped("! the service does not listen on this port", width)
    lines += (line for note in status.notes for line in wrapped(note, width, "", "    "))
    lines += wrapped(typed(health(status)), width, "", "    ")
    return plain_lines("\n".join(lines))


def _aligned(rows: Sequence[tuple[str, ...]], sizes: Sequence[int], width: int) -> Iterator[str]:
    for *cells, notes in (tuple(title.upper() for title in _COLUMNS), *rows):
        line = "  ".join(cell.ljust(size) for cell, size in zip(cells, sizes, strict=True)).rstrip()
        if not notes or len(line) + 2 + columns_of(notes) <= width:
            yield f"{line}  {notes}".rstrip()
        elif notes == _COLUMNS[-1].upper():  # this title is not needed when the notes are below their rows
            yield line
        else:
            yield line
            yield from wrapped(notes, width, _BELOW, _BELOW)


def _stacked(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    for owner, node, component, version, *values, notes in rows:
        yield from wrapped(f"{owner}/{component}@{node} {version}", width, "", _BELOW)
        named = [f"{word} {value}" for word, value in zip(_COLUMNS[4:-1], values, strict=True) if value != "-"]
        yield from wrapped("; ".join([*named, *([notes] if notes else [])]), width, _BELOW, _BELOW)


def _cells(row: Row) -> tuple[str, ...]:
    marks = {True: "", False: "" if row.deployed == "no" else "!", None: "?"}
    ports = " ".join(f"{number}{marks[listens]}" for number, listens in row.ports.items())
    since = "-" if row.since is None else duration_text(row.since)
    return (
        row.owner,
        row.node,
        row.component,
        row.version,
        row.deployed,
        row.running,
        since,
        ports or "-",
        "; ".join(row.notes),
    )


def _cells_of_workers(row: Row) -> Iterator[tuple[str, ...]]:
    """The line of a service's workers: how many run, since when the oldest does, for what, and with how much memory."""
    if row.workers is None:
        return
    kind, found = row.workers
    tasks = len(found.tasks)
    yield (
        row.owner,
        row.node,
        kind.name,
        "-",
        row.deployed,
        str(found.count or "none"),
        duration_text(found.oldest) if found.count else "-",
        "-",
        f"{tasks} {kind.task}{'s' * (tasks != 1)}, {size_text(found.rss)}" if found.count else "",
    )


def status_document(status: Status) -> ClusterStatus:
    """The screen as a document for programs."""
    return {
        "cluster": status.cluster,
        "releases": list(status.releases),
        "exit_status": status.exit_status,
        "taken": moment(status.taken),
        "services": [
            {
                "service": f"{row.owner}/{row.component}@{row.node}",
                "owner": row.owner,
                "component": row.component,
                "node": row.node,
                "version": row.version,
                "deployed": row.deployed,
                "running": row.running,
                "uptime_seconds": row.since,
                "ports": [{"port": int(port), "listening": listens} for port, listens in row.ports.items()],
                "notes": list(row.notes),
                "workers": _workers_document(row),
                "well": row.well,
            }
            for row in status.rows
        ],
        "notes": list(status.notes),
        "health": typed(health(status)),
        "last_check": last_check_document(status),
    }


def _workers_document(row: Row) -> WorkersDocument | None:
    if row.workers is None:
        return None
    kind, found = row.workers
    return {
        "name": kind.name,
        "running": found.count,
        "working_for": list(found.tasks),
        "memory_bytes": found.rss,
        "oldest_seconds": found.oldest if found.count else None,
    }
