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
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when there is something to do.")
    ] = False,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    store: o.Store = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show what a deploy would do: files as diffs, actions per service. Changes nothing."""
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.plan import plan_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.plan_document import plan_document  # noqa: PLC0415
    from fatecloud.workflow.load import Options  # noqa: PLC0415
    from fatecloud.workflow.plan import plan_cluster  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, store, accept_new_host_keys)

    def note(line: str) -> None:
        typer.echo(typed(f"note: {line}"), err=True)

    made = plan_cluster(options, o.selection(selectors), limit or (), note, deadline)
    if output is o.TABLE:
        typer.echo(plan_text(made))
    else:
        typer.echo(document_text("DeployPlan", plan_document(made), output))
    return 2 if detailed_exitcode and not made.empty else 0
