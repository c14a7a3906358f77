"""`fatecloud safe-to-stop`: what stopping a node would mean now."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def safe_to_stop(
    node: Annotated[str, typer.Argument(metavar="NODE", help="Name of the node, as in the inventory.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show whom it would hit if a node stopped now. Exits 0 no one, 1 other services, 2 running jobs, 3 unknown."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.outage import outage_document, outage_text  # noqa: PLC0415
    from fatecloud.workflow.load import load_session  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.safe_to_stop import forecast_outage  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    found = forecast_outage(load_session(options, need_secrets=False), node, deadline)
    if output is o.TABLE:
        typer.echo(outage_text(found, line_width(sys.stdout)))
    else:
        typer.echo(document_text("OutageForecast", outage_document(found), output))
    return found.exit_status
