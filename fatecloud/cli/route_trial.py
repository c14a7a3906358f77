"""`fatecloud route test`: the ways between parties, tried."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def test(
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="PARTY", help="A party of the inventory; default: all.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="PARTY", help="The party at the other end; default: all.", show_default=False),
    ] = None,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Try the ways to other parties' flows and back, and show where one stops. Exits 0, 1 (stops) or 3 (not asked)."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.route_trial import trial_document, trial_text  # noqa: PLC0415
    from fatecloud.workflow import route_trial  # noqa: PLC0415
    from fatecloud.workflow.load import load_session  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    trial = route_trial.try_routes(load_session(options, need_secrets=False), from_, to, deadline)
    if output is o.TABLE:
        typer.echo(trial_text(trial, line_width(sys.stdout)))
    else:
        typer.echo(document_text("RouteTest", trial_document(trial), output))
    return trial.exit_status
