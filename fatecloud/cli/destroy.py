"""`fatecloud destroy`: removes a cluster from its nodes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def destroy(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    remove_data: Annotated[
        bool, typer.Option("--remove-data", help="Also delete databases, job data, models and logs.")
    ] = False,
    confirm_cluster: Annotated[
        str, typer.Option("--cluster-name", help="The cluster's name, so that you are not asked for it.")
    ] = "",
    interrupt_jobs: Annotated[
        bool, typer.Option("--interrupt-jobs", help="Continue even though jobs are running.")
    ] = False,
    wait_jobs: Annotated[
        str | None, typer.Option("--wait-jobs", help="Wait this long for running jobs, for example 30m.")
    ] = None,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Remove a cluster from its nodes, after you typed its name. Data stay, unless you pass --remove-data."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.destroy import destroy_cluster  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    with Console() as console:
        return destroy_cluster(
            Options(inventory, secrets, vault_password_file, state_dir),
            console,
            remove_data=remove_data,
            interrupt_jobs=interrupt_jobs,
            wait_jobs=wait_jobs,
            wait_lock=wait_lock,
            deadline=deadline,
            name=confirm_cluster or None,
            argv=tuple(sys.argv),
        )
