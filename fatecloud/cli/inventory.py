"""`fatecloud inventory`: validate and show inventories."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

app = Group()


@app.command()
def validate(*, inventory: o.Inventory = o.DEFAULT_INVENTORY, output: o.Format = o.TABLE) -> None:
    """Report everything that is wrong with an inventory, with line and column. Touches no node."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.inventory import valid_text, validation_document  # noqa: PLC0415
    from fatecloud.workflow.inventory import validate_inventory  # noqa: PLC0415

    found = validate_inventory(inventory)
    if output is o.TABLE:
        typer.echo(valid_text(str(inventory), found.require_valid(), found.counts))
    else:
        document = validation_document(str(inventory), found.cluster, found.counts, found.problems)
        typer.echo(document_text("InventoryValidation", document, output))
        found.require_valid()


@app.command()
def show(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    full: Annotated[
        bool, typer.Option("--full", help="Show every default too; json and yaml always contain them.")
    ] = False,
    resources: Annotated[
        bool,
        typer.Option("--resources", help="Show memory, cores, eggs and jobs of each service instead, with the reason."),
    ] = False,
    facts: Annotated[
        Path | None,
        typer.Option("--facts", help="With --resources: sizes of nodes from a file of `check --save-facts`."),
    ] = None,
    output: o.Format = o.TABLE,
) -> None:
    """Show an inventory as fatecloud understands it, with the origin of each value. Touches no node."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.inventory import inventory_document, show_inventory  # noqa: PLC0415

    if facts and not resources:
        raise typer.BadParameter("only with --resources", param_hint="--facts")
    if resources:
        _resources(inventory, facts, output)
    elif output is o.TABLE:
        typer.echo(show_inventory(inventory, full=full))
    else:
        typer.echo(document_text("Inventory", inventory_document(inventory), output))


def _resources(inventory: Path, facts: Path | None, output: o.Format) -> None:
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import look_of  # noqa: PLC0415
    from fatecloud.report.resources import resources_document, resources_text  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.resources import load_resources  # noqa: PLC0415

    found = load_resources(Options(inventory), facts)
    if output is o.TABLE:
        typer.echo(resources_text(found.desired, found.contradictions, look_of(sys.stdout, os.environ)))
    else:
        typer.echo(document_text("ResourceList", resources_document(found.desired, found.contradictions), output))


@app.command()
def forget(
    node: Annotated[str, typer.Argument(help="Its name, or its address.", metavar="NODE")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    state_dir: o.StateDir = None,
) -> None:
    """Forget a node that is no longer in the inventory, because its machine is gone or was cleared by hand."""
    from fatecloud.workflow.departed import forget_node  # noqa: PLC0415 - keeps --help fast

    typer.echo(forget_node(inventory, state_dir, node))


@app.command()
def schema(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Explain this key and those below it, for example nodes.ssh.")
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page instead.")] = False,
) -> None:
    """Explain a key of the inventory, or print the JSON Schema, for editors and pipelines."""
    from fatecloud.report.inventory import key_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.workflow.inventory import explain_key, reference_text, schema_text  # noqa: PLC0415

    if key is not None:
        typer.echo(key_text(*explain_key(key), line_width(sys.stdout)))
    else:
        typer.echo(reference_text() if markdown else schema_text())
