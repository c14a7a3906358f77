"""`fatecloud objects`: what services need inside others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group
from fatecloud.errors import UsageError

if TYPE_CHECKING:
    from fatecloud.workflow.options import Options

app = Group()


@app.command()
def show(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print SQL that makes them; with --unneeded, SQL that drops them.")
    ] = False,
    unneeded: Annotated[
        bool,
        typer.Option("--unneeded", help="Show what deploys made and no service needs any more. Reads the nodes."),
    ] = False,
    output: o.Format = o.TABLE,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Show the databases and accounts that services need inside others. Drops nothing, and shows no password."""
    from fatecloud.workflow.options import Options  # noqa: PLC0415 - keeps --help fast

    if sql and output is not o.TABLE:
        raise UsageError("--sql is a text of its own", remedy="leave --output out")
    options = Options(inventory, secrets, vault_password_file, state_dir, None, accept_new_host_keys)
    typer.echo(_unneeded(options, deadline, output, sql=sql) if unneeded else _needed(options, output, sql=sql))


def _needed(options: Options, output: o.Format, *, sql: bool) -> str:
    from fatecloud.report.commands import typed  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.report.objects import objects_document, objects_text  # noqa: PLC0415
    from fatecloud.workflow.objects import needed_objects, statements  # noqa: PLC0415

    given = needed_objects(options)
    if sql:
        return typed(statements(given))
    if output is o.TABLE:
        return objects_text(given)
    return document_text("ObjectList", objects_document(given), output)


def _unneeded(options: Options, deadline: float, output: o.Format, *, sql: bool) -> str:
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.objects import unneeded_document, unneeded_text  # noqa: PLC0415
    from fatecloud.workflow.load import load_session  # noqa: PLC0415
    from fatecloud.workflow.objects import removals, unneeded_objects  # noqa: PLC0415

    session = load_session(options, need_secrets=False)
    left = unneeded_objects(session, deadline)
    if sql:
        return removals(session, left)
    if output is o.TABLE:
        return unneeded_text(left)
    return document_text("UnneededObjectList", unneeded_document(left), output)
