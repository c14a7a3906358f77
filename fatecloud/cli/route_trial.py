"""`fatecloud route test`: the ways between parties, tried."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.shown import present


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
    from fatecloud.report.route_trial import trial_document, trial_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow import route_trial  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    trial = route_trial.try_routes(session, from_, to, deadline)
    present("RouteTest", output, lambda width: trial_text(trial, width), lambda: trial_document(trial))
    return trial.exit_status
