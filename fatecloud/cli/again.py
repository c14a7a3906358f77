"""How `check --watch` and `check --wait-healthy` show their checks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fatecloud.cli import options as o

if TYPE_CHECKING:
    from fatecloud.model.finding import Report


def watch_it(
    check: Callable[[], Report], output: o.Output, every: str | None, inventory: Path, *, exposures: bool
) -> int:
    """Show a check, and then what changes, until Ctrl-C. Returns the exit status of the last check.

    Args:
        inventory: its file; a note says when it is edited, for the checks go on with what it was.
    """
    from fatecloud.report.document import report_document  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.look import look_of  # noqa: PLC0415
    from fatecloud.report.table import table  # noqa: PLC0415
    from fatecloud.report.watch import changes  # noqa: PLC0415
    from fatecloud.workflow.watch import EVERY, interval, version_of, watch  # noqa: PLC0415

    last: list[Report] = []
    known = [version_of(inventory)]

    def show(report: Report) -> None:
        look = look_of(sys.stdout, os.environ)
        before = last[0] if last else None
        last[:] = [report]  # before it is shown: Ctrl-C may come right then, and ends with its status
        if (now := version_of(inventory)) != known[-1]:
            known.append(now)
            typer.echo(f"note: {inventory} was edited; end this and start it again to judge by it", err=True)
        if output is not o.TABLE:
            typer.echo(document_text("CheckReport", report_document(report), output, stream=True))
        elif before is None:
            typer.echo(table(report, look, exposures=exposures))
        else:
            for line in changes(before, report, look):
                typer.echo(line)
        sys.stdout.flush()  # the reader of a pipe is to see it now

    try:
        watch(check, show, interval(every, EVERY))
    except KeyboardInterrupt:
        if last:
            return last[0].exit_status  # Ctrl-C is the normal end of --watch
        raise


def wait_for_it(check: Callable[[], Report], every: str | None, timeout: str | None) -> tuple[Report, int]:
    """Wait until the cluster is healthy; what changes meanwhile goes to stderr.

    Returns:
        The last report, and the exit status.
    """
    from fatecloud.model.duration import duration_text, seconds  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import look_of  # noqa: PLC0415
    from fatecloud.report.table import summary  # noqa: PLC0415
    from fatecloud.report.watch import changes  # noqa: PLC0415
    from fatecloud.workflow.watch import SOON, TIMEOUT, interval, wait_healthy  # noqa: PLC0415

    last: list[Report] = []

    def show(report: Report) -> None:
        lines = changes(last[0], report, look_of(sys.stderr, os.environ)) if last else [summary(report)]
        for line in lines:
            typer.echo(line, err=True)
        last[:] = [report]

    limit = seconds(timeout) if timeout else TIMEOUT
    report, status = wait_healthy(check, show, interval(every, SOON), limit)
    if status:
        why = f"{len(report.settling)} services still settle" if not report.findings else "it is not healthy"
        typer.echo(f"fatecloud: waited {duration_text(limit)}: {why}", err=True)
    return report, status
