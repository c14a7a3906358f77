"""`fatecloud deploy`: from an inventory to a running, verified cluster."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def deploy(
    selectors: o.NodeSelectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    limit: o.Limit = None,
    deadline: o.Deadline = o.DEADLINE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what `plan` shows; change nothing.")] = False,
    yes: o.Yes = False,
    verify: Annotated[
        str | None, typer.Option("--verify", metavar="TEST", help="Smoke test at the end, see `fatecloud test`.")
    ] = None,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Run no smoke test.")] = False,
    overwrite_drift: Annotated[
        bool,
        typer.Option(
            "--overwrite-drift", help="Replace files that were edited by hand; copies stay beside them for 30 days."
        ),
    ] = False,
    leave_data: Annotated[
        bool, typer.Option("--leave-data", help="Move services even though their data stay where they are.")
    ] = False,
    moved: Annotated[
        bool, typer.Option("--moved", help="This is the cluster that was deployed on other machines before.")
    ] = False,
    adopt_data: Annotated[
        list[str] | None,
        typer.Option("--adopt-data", help="Use the data that were restored for this service; repeatable."),
    ] = None,
    new_data: Annotated[
        list[str] | None,
        typer.Option("--new-data", help="Start this service without the data that it had; repeatable."),
    ] = None,
    interrupt_jobs: Annotated[
        bool, typer.Option("--interrupt-jobs", help="Restart services even though jobs are running.")
    ] = False,
    wait_jobs: Annotated[
        str | None, typer.Option("--wait-jobs", help="Wait this long for running jobs to end, for example 30m.")
    ] = None,
    wait_lock: o.WaitLock = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    store: o.Store = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Deploy what the inventory says: preflight, plan, staged run, readiness, smoke test."""
    from fatecloud.cli.forecast import show_forecast  # noqa: PLC0415
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.deploy import deploy_cluster  # noqa: PLC0415
    from fatecloud.workflow.deploy_options import DeployOptions  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    wanted = DeployOptions(
        selection=o.selection(selectors),
        limit=tuple(limit or ()),
        deadline=deadline,
        verify=not no_verify,
        proof=verify,
        overwrite_drift=overwrite_drift,
        leave_data=leave_data,
        moved=moved,
        adopt_data=tuple(adopt_data or ()),
        new_data=tuple(new_data or ()),
        interrupt_jobs=interrupt_jobs,
        wait_jobs=wait_jobs,
        wait_lock=wait_lock,
        argv=tuple(sys.argv),
    )
    session = Options(inventory, secrets, vault_password_file, state_dir, store, accept_new_host_keys)
    if dry_run:
        return show_forecast(session, wanted, output=o.TABLE, deadline=deadline, full=False, detailed=False)
    with Console() as console:
        return deploy_cluster(session, wanted, console, None if yes else console.confirm, None if yes else console.ask)
