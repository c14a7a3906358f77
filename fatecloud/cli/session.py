"""`fatecloud session`: the sessions of computing engines, with the workers of jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from fatecloud.workflow.session import Session

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
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.workflow.computing import list_sessions  # noqa: PLC0415

    page = list_sessions(
        _session(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys), owners=owner or ()
    )
    if output is o.TABLE:
        typer.echo(sessions_text(page, line_width(sys.stdout)))
    else:
        typer.echo(document_text("SessionList", sessions_document(page), output))
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

    loaded = _session(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        ask = None if yes else console.confirm
        kill_session(loaded, session, owners=owner or (), confirm=ask, events=console, argv=tuple(sys.argv))


def _session(
    inventory: o.Inventory,
    secrets: o.Secrets,
    vault_password_file: o.VaultPassword,
    state_dir: o.StateDir,
    accept_new_host_keys: o.AcceptKeys,
) -> Session:
    from fatecloud.workflow.load import load_session  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    return load_session(options, need_secrets=False)
