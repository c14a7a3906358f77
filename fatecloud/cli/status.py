"""`fatecloud status`: the daily screen."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from fatecloud.cli import options as o


class Format(StrEnum):
    """How the screen is printed."""

    table = "table"
    json = "json"


def status(
    selectors: o.Selectors = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    party: o.Party = None,
    node: o.NodeName = None,
    component: o.Component = None,
    output: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.table,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show every service: deployed, running, since when, on which ports. Exits 0, 1 (look at it) or 3 (not read)."""
    from functools import partial  # noqa: PLC0415 - keeps --help fast

    from fatecloud.model.selection import select  # noqa: PLC0415
    from fatecloud.workflow.load import Options, load_session  # noqa: PLC0415
    from fatecloud.workflow.observe import observe  # noqa: PLC0415
    from fatecloud.workflow.status import look  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    session = load_session(options, need_secrets=False)
    keys = select(session.resolved, o.selection(selectors, party, node, component))

    def ready() -> None:
        """Render, and load what shows it, while the nodes work."""
        from fatecloud.report import status, status_rows  # noqa: F401, PLC0415

        _ = session.desired

    observed = look(session.resolved, partial(observe, session, meanwhile=ready), keys)
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.status import status_json, status_table  # noqa: PLC0415
    from fatecloud.report.status_rows import status_of  # noqa: PLC0415

    screen = status_of(session.desired, observed, keys)
    if output is Format.json:
        typer.echo(status_json(screen))
    else:
        typer.echo(status_table(screen, line_width(sys.stdout)))
    return screen.exit_status
