"""`fatecloud inventory`: validate and show inventories."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

app = Group()


@app.command()
def validate(*, inventory: o.Inventory = o.DEFAULT_INVENTORY) -> None:
    """Say everything that is wrong with an inventory, with line and column. Touches no node."""
    from fatecloud.workflow.inventory import validate_inventory  # noqa: PLC0415 - keeps --help fast

    typer.echo(validate_inventory(inventory))


@app.command()
def show(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    full: Annotated[bool, typer.Option("--full", help="Show every default, too.")] = False,
) -> None:
    """Show an inventory as fatecloud understands it, each value with where it comes from."""
    from fatecloud.workflow.inventory import show_inventory  # noqa: PLC0415

    typer.echo(show_inventory(inventory, full=full))


@app.command()
def forget(
    node: Annotated[str, typer.Argument(help="Its name, or its address.", metavar="NODE")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    state_dir: o.StateDir = None,
) -> None:
    """Say no more of a node that left the inventory: its machine is gone, or was cleared by hand."""
    from fatecloud.workflow.departed import forget_node  # noqa: PLC0415 - keeps --help fast

    typer.echo(forget_node(inventory, state_dir, node))


@app.command()
def schema(
    *, markdown: Annotated[bool, typer.Option("--markdown", help="The reference page instead.")] = False
) -> None:
    """Print the JSON Schema of inventories, for editors and pipelines."""
    from fatecloud.workflow.inventory import reference_text, schema_text  # noqa: PLC0415

    typer.echo(reference_text() if markdown else schema_text())
