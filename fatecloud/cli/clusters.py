"""`fatecloud clusters`: the clusters that this controller knows."""

from __future__ import annotations

import sys

import typer

from fatecloud.cli import options as o


def clusters(*, output: o.Format = o.TABLE, state_dir: o.StateDir = None) -> None:
    """List the clusters that this controller has worked on, with their inventories and last runs."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.runs import cluster_entry, clusters_table  # noqa: PLC0415
    from fatecloud.workflow.history import clusters_of  # noqa: PLC0415

    known = clusters_of(state_dir)
    if output is o.TABLE:
        typer.echo(clusters_table(known, line_width(sys.stdout)))
    else:
        typer.echo(document_text("ClusterList", {"items": [cluster_entry(one) for one in known]}, output))
