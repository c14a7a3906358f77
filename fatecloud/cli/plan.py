"""`fatecloud plan`: what a deploy would do."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o


def plan(
    selectors: o.NodeSelectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    limit: o.Limit = None,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    full: Annotated[bool, typer.Option("--full", help="Show each file by itself and each difference in full.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when there is something to do.")
    ] = False,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    store: o.Store = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show what a deploy would do, and the reasons to refuse it. Changes nothing."""
    from fatecloud.cli.forecast import show_forecast  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.deploy_options import DeployOptions  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    return show_forecast(
        Options(inventory, secrets, vault_password_file, state_dir, store, accept_new_host_keys),
        DeployOptions(selection=o.selection(selectors), limit=tuple(limit or ())),
        output=output,
        deadline=deadline,
        full=full,
        detailed=detailed_exitcode,
    )
