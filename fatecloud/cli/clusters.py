"""`fatecloud clusters`: the clusters that this controller knows."""

from __future__ import annotations

import sys

import typer

from fatecloud.cli import options as o


def clusters(*, state_dir: o.StateDir = None) -> None:
    """List the clusters that this controller has worked on, with their inventories and last runs."""
    from fatecloud.report.look import line_width  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.runs import clusters_table  # noqa: PLC0415
    from fatecloud.workflow.history import clusters_of  # noqa: PLC0415

    typer.echo(clusters_table(clusters_of(state_dir), line_width(sys.stdout)))
