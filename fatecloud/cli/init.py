"""`fatecloud init`: write a first inventory and its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o


def init(
    *,
    template: Annotated[
        str, typer.Option("--template", "-t", help="all-in-one, two-party or multi-node.")
    ] = "all-in-one",
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory to write into.")] = Path(),
    node: Annotated[
        list[str] | None,
        typer.Option("--node", metavar="NAME=ADDRESS", help="Address of a node of the template; repeatable."),
    ] = None,
    base: Annotated[str, typer.Option("--base", help="Directory on the nodes for everything of ours.")] = "",
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Write inventory.yml from a template, and generate its secrets. Overwrites nothing."""
    from fatecloud.workflow.init import INVENTORY, init_cluster  # noqa: PLC0415 - keeps --help fast

    done = init_cluster(output, template, node or (), base=base, vault_password_file=vault_password_file)
    typer.echo(f"{output / INVENTORY}: written from the template {template}; look through it, then `fatecloud plan`")
    typer.echo(done.text)
