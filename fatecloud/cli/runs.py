"""`fatecloud runs`: who did what, when, from where, and how it ended."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

app = Group()

RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id, the start of one, or `last`.")]


@app.command("list")
def list_(
    *, inventory: o.Inventory = o.DEFAULT_INVENTORY, output: o.Format = o.TABLE, state_dir: o.StateDir = None
) -> None:
    """List the recorded runs, the newest first."""
    from fatecloud.report.runs import run_entry, runs_table  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.history import runs_of  # noqa: PLC0415

    runs = runs_of(inventory, state_dir)
    present(
        "RunList", output, lambda width: runs_table(runs, width), lambda: {"items": [run_entry(run) for run in runs]}
    )


@app.command()
def show(
    run: RunId,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    state_dir: o.StateDir = None,
) -> None:
    """Show one run: its command, its operator, what it changed, and how it ended."""
    from fatecloud.report.runs import run_document, run_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.history import run_of  # noqa: PLC0415

    past, events = run_of(inventory, state_dir, run)
    present("Run", output, lambda width: run_text(past, events, width), lambda: run_document(past, events))


@app.command()
def log(run: RunId, *, inventory: o.Inventory = o.DEFAULT_INVENTORY, state_dir: o.StateDir = None) -> None:
    """Print everything that a run reported, line by line."""
    from fatecloud.report.runs import run_log  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.history import run_of  # noqa: PLC0415

    for line in run_log(run_of(inventory, state_dir, run)[1]):
        typer.echo(line)
