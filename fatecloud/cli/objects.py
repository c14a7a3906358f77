"""`fatecloud objects`: what services need inside others."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group
from fatecloud.errors import UsageError

app = Group()


@app.command()
def show(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print SQL that makes them, for the operator of an external database.")
    ] = False,
    output: o.Format = o.TABLE,
) -> None:
    """Show the databases and accounts that services need inside others. Passwords are not shown."""
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.objects import objects_document, objects_text  # noqa: PLC0415
    from fatecloud.workflow.objects import needed_objects, statements  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415

    if sql and output is not o.TABLE:
        raise UsageError("--sql is a text of its own", remedy="leave --output out")
    given = needed_objects(Options(inventory))
    if sql:
        typer.echo(typed(statements(given)))
    elif output is o.TABLE:
        typer.echo(objects_text(given))
    else:
        typer.echo(document_text("ObjectList", objects_document(given), output))
