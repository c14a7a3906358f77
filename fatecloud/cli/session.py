"""`fatecloud session`: the sessions of computing engines, with the workers of jobs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

app = Group()


@app.command("list")
def list_(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Show the sessions that have not ended, the oldest of each party first."""
    from fatecloud.report.computing import sessions_document, sessions_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.computing import list_sessions  # noqa: PLC0415

    page = list_sessions(
        session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys), owners=owner or ()
    )
    present("SessionList", output, lambda width: sessions_text(page, width), lambda: sessions_document(page))
    return 3 if page.unknown else 0


@app.command()
def kill(
    session: Annotated[str, typer.Argument(metavar="ID", help="Id of a session, as `session list` shows it.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    owner: o.Owner = None,
    yes: o.Yes = False,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """End a session and its workers. Asks first, and says which job fails."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.computing import kill_session  # noqa: PLC0415

    loaded = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        ask = None if yes else console.confirm
        kill_session(loaded, session, owners=owner or (), confirm=ask, events=console, argv=tuple(sys.argv))
