"""`fatecloud secrets`: generate, list, reveal and rotate secrets."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

app = Group()


@app.command()
def init(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    supply: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME", help="Ask for the value of this secret (or read it from stdin); repeatable."
        ),
    ] = None,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Generate every secret that is missing. Existing ones stay."""
    from fatecloud.report.commands import typed  # noqa: PLC0415
    from fatecloud.workflow.secrets import SecretsFiles, init_secrets  # noqa: PLC0415 - keeps --help fast

    typer.echo(typed(init_secrets(SecretsFiles(inventory, secrets, vault_password_file), supply or ()).text))


@app.command("list")
def list_(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """List the secrets: name, origin, length. Values are not shown."""
    from fatecloud.report.secrets import secrets_document, secrets_list  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.secrets import SecretsFiles, list_secrets  # noqa: PLC0415

    lines = list_secrets(SecretsFiles(inventory, secrets, vault_password_file))
    present("SecretList", output, lambda width: secrets_list(lines, width), lambda: secrets_document(lines))


@app.command()
def reveal(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The secret.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Print the value of one secret, and nothing else."""
    from fatecloud.workflow.secrets import SecretsFiles, reveal_secret  # noqa: PLC0415 - keeps --help fast

    value = reveal_secret(SecretsFiles(inventory, secrets, vault_password_file), name)
    if sys.stdout.isatty():
        typer.echo(value)
    else:  # as it is: a secret may have characters that a terminal should not get
        from fatecloud.report.screen import bytes_of  # noqa: PLC0415

        sys.stdout.flush()
        below = bytes_of(sys.stdout)
        below.write(f"{value}\n".encode(errors="surrogateescape"))
        below.flush()


@app.command()
def rotate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Secrets to rotate.")] = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    everything: Annotated[bool, typer.Option("--all", help="Every generated secret.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Make next values current, after a deploy has put them into use.")
    ] = False,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Give secrets a next value beside the current one. A rotation that has begun continues."""
    from fatecloud.workflow.secrets import SecretsFiles, promote, rotate_secrets  # noqa: PLC0415 - keeps --help fast

    files = SecretsFiles(inventory, secrets, vault_password_file)
    if finish:
        ended = promote(files, names or None)
        typer.echo(f"now current: {', '.join(ended)}" if ended else "none was in rotation")
    else:
        typer.echo(f"in rotation: {', '.join(rotate_secrets(files, names or (), everything=everything)) or 'none'}")
