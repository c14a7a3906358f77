"""`fatecloud clusters`: the clusters that this controller knows."""

from __future__ import annotations

from fatecloud.cli import options as o
from fatecloud.cli.shown import present


def clusters(*, output: o.Format = o.TABLE, state_dir: o.StateDir = None) -> None:
    """List the clusters that this controller has worked on, with their inventories and last runs."""
    from fatecloud.report.runs import cluster_entry, clusters_table  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.history import clusters_of  # noqa: PLC0415

    known = clusters_of(state_dir)
    present(
        "ClusterList",
        output,
        lambda width: clusters_table(known, width),
        lambda: {"items": [cluster_entry(one) for one in known]},
    )
