"""`fatecloud init`: write a first inventory and its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o


def init(
    *,
    template: Annotated[
        str,
        typer.Option(
            "--template",
            "-t",
            help="all-in-one, two-party, multi-node, eggroll, eggroll-workers, eggroll-shared-nodes, eggroll-exchange, "
            "eggroll-rollsite, eggroll-rollsite-1.4, eggroll-two-releases or serving.",
        ),
    ] = "all-in-one",
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory to write into.")] = Path(),
    inventory: Annotated[
        Path | None,
        typer.Option("--inventory", "-i", metavar="PATH", help="The inventory or its directory, instead of --output."),
    ] = None,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="NAME", help="Name of the cluster; default: the name of the directory.")
    ] = "",
    node: Annotated[
        list[str] | None,
        typer.Option("--node", metavar="NAME=ADDRESS", help="Address of a node of the template; repeatable."),
    ] = None,
    user: Annotated[str, typer.Option("--user", help="Login on the nodes.")] = "",
    key: Annotated[str, typer.Option("--key", help="Private key on this machine for that login.")] = "",
    base: Annotated[
        str, typer.Option("--base", help="Directory on the nodes for everything that fatecloud installs.")
    ] = "",
    new_id: Annotated[
        bool, typer.Option("--new-id", help="Give a copied inventory an id of its own; do nothing else.")
    ] = False,
    state_dir: o.StateDir = None,
    vault_password_file: o.VaultPassword = None,
) -> None:
    """Write inventory.yml from a template, and generate its secrets. Overwrites nothing."""
    from fatecloud.report.commands import set_inventory, typed  # noqa: PLC0415
    from fatecloud.workflow.init import file_of, init_cluster  # noqa: PLC0415 - keeps --help fast

    file = file_of(output, inventory, exists=new_id)
    set_inventory(file)
    if new_id:
        from fatecloud.workflow.new_id import give_new_id  # noqa: PLC0415

        done = give_new_id(file, state_dir)
        typer.echo(f"{done.inventory}: cluster {done.cluster} has the new id {done.id}")
        if done.shares_secrets:
            typer.echo("it still has the secrets and the signing key of the original cluster; replace both:")
            typer.echo(typed("  fatecloud secrets rotate --all"))
            typer.echo(typed("  fatecloud key rotate"))
        return
    written = init_cluster(
        file.parent,
        template,
        node or (),
        cluster=cluster,
        base=base,
        user=user,
        key=key,
        vault_password_file=vault_password_file,
    )
    typer.echo(typed(f"{file}: written from the template {template}. Read it, then: fatecloud plan"))
    typer.echo(typed(written.text))
