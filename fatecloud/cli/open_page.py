"""`fatecloud open`: the page of a service."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given


def open(  # noqa: A001 - a verb is named by its function
    selector: Annotated[
        str, typer.Argument(metavar="SELECTOR", help="[OWNER/]COMPONENT[@NODE] of a service that has a page: board.")
    ],
    *,
    party: Annotated[
        str | None, typer.Option("--party", metavar="ID", help="The party, where several have such a service.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="Port of this machine that leads there; 0 for the service's own number."
        ),
    ] = 0,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> int:
    """Print the address of a service's page, and lead a browser there through SSH until Ctrl-C where that is needed."""
    from fatecloud.model.selection import select  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.workflow.interrupt import interruptible  # noqa: PLC0415
    from fatecloud.workflow.pages import opened, page_of  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    keys = select(session.resolved, o.selection([selector], [party] if party else None))
    service = page_of(session.resolved, keys)
    with interruptible() as interruption, opened(session, service, port) as page:
        typer.echo(page.url)
        if page.page.secret:
            password = typed(f"fatecloud secrets reveal {page.page.secret}")
            typer.echo(f"log in as {page.page.account}; `{password}` shows the password", err=True)
        if not page.through:
            return 0
        typer.echo(f"through SSH to {page.through}, until Ctrl-C", err=True)
        while not interruption.event.wait(0.5):
            if page.way.lost is not None:
                raise page.way.lost
    return 0
