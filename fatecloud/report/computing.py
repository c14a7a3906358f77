"""Sessions of computing engines as text and as a document."""

from __future__ import annotations

from fatecloud.model.computing import SessionPage
from fatecloud.model.duration import duration_text
from fatecloud.plain import plain
from fatecloud.report.job import unknown_lines
from fatecloud.report.kinds.computing import SessionList
from fatecloud.report.wrap import table


def sessions_text(page: SessionPage, width: int) -> str:
    """A line for each session."""
    rows = [("PARTY", "SESSION", "STATUS", "WORKERS", "AGE")]
    rows += [
        (owner, plain(one.id), plain(one.status), f"{one.started} of {one.workers}", duration_text(one.age))
        for owner, one in page.sessions
    ]
    lines = [*table(rows, width)] if page.sessions else ["no open sessions"]
    return "\n".join([*lines, *unknown_lines(page.unknown, width)])


def sessions_document(page: SessionPage) -> SessionList:
    """The same for programs."""
    return {
        "items": [
            {
                "id": one.id,
                "party": owner,
                "status": one.status,
                "workers": one.workers,
                "started": one.started,
                "age": one.age,
            }
            for owner, one in page.sessions
        ],
        "unknown": list(page.unknown),
    }
