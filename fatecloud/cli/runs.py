"""`fatecloud runs`: who did what, when, from where, and how it ended."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

app = Group()

Run = Annotated[str, typer.Argument(metavar="ID", help="A run's id, the start of one, or `last`.")]


@app.command("list")
def list_(*, inventory: o.Inventory = o.DEFAULT_INVENTORY, state_dir: o.StateDir = None) -> None:
    """List the recorded runs, the newest first."""
    from fatecloud.report.look import line_width  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.runs import runs_table  # noqa: PLC0415
    from fatecloud.workflow.history import runs_of  # noqa: PLC0415

    typer.echo(runs_table(runs_of(inventory, state_dir), line_width(sys.stdout)))


@app.command()
def show(run: Run, *, inventory: o.Inventory = o.DEFAULT_INVENTORY, state_dir: o.StateDir = None) -> None:
    """Show one run: its command, its operator, what it changed, and how it ended."""
    from fatecloud.report.look import line_width  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.runs import run_text  # noqa: PLC0415
    from fatecloud.workflow.history import run_of  # noqa: PLC0415

    typer.echo(run_text(*run_of(inventory, state_dir, run), line_width(sys.stdout)))


@app.command()
def log(run: Run, *, inventory: o.Inventory = o.DEFAULT_INVENTORY, state_dir: o.StateDir = None) -> None:
    """Print everything that a run reported, line by line."""
    from fatecloud.report.runs import run_log  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.history import run_of  # noqa: PLC0415

    for line in run_log(run_of(inventory, state_dir, run)[1]):
        typer.echo(line)
