"""`fatecloud safe-to-stop`: what stopping a node would mean now."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.shown import present


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
    from fatecloud.report.outage import outage_document, outage_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.safe_to_stop import forecast_outage  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    found = forecast_outage(session, node, deadline)
    present("OutageForecast", output, lambda width: outage_text(found, width), lambda: outage_document(found))
    return found.exit_status
