"""`fatecloud key`: shows and replaces the key that a cluster signs with."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

app = Group()


@app.command()
def show(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Show the fingerprint of the key that this cluster signs with, and the public key."""
    from fatecloud.report.key import keys_document, keys_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.key import show_keys  # noqa: PLC0415
    from fatecloud.workflow.secrets import SecretsFiles  # noqa: PLC0415

    keys = show_keys(SecretsFiles(inventory, secrets, vault_password_file))
    present("SigningKey", output, lambda width: keys_text(keys, width), lambda: keys_document(keys))


@app.command()
def rotate(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    keep_until: Annotated[
        str,
        typer.Option(
            "--keep-until",
            metavar="DAY",
            help="Last day on which signatures of the present key count, such as 2027-02-28; default: in 90 days.",
        ),
    ] = "",
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Replace the key that this cluster signs with. Signatures of the former one count for some time."""
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.key import keys_text  # noqa: PLC0415
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.workflow.key import rotate_key  # noqa: PLC0415
    from fatecloud.workflow.secrets import SecretsFiles  # noqa: PLC0415

    files = SecretsFiles(inventory, secrets, vault_password_file)
    keys = rotate_key(files, keep_until, datetime.now(UTC).date())
    typer.echo(keys_text(keys, line_width(sys.stdout)))
    typer.echo("Tell your partners the new fingerprint, by another way than a file that it signs.")
