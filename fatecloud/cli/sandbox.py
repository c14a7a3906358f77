"""`fatecloud sandbox`: throw-away nodes on Docker, for trying, teaching and testing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from fatecloud.model.event import Event

app = Group()
_Name = Annotated[str, typer.Option("--name", help="Name of the sandbox, and of the cluster in its inventory.")]


@app.command()
def up(
    *,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=100, help="How many nodes.")] = 2,
    image: Annotated[
        str,
        typer.Option("--image", help="debian-11, debian-12 or debian-13; or several with commas, used in turn."),
    ] = "debian-12",
    name: _Name = "sandbox",
    memory: Annotated[int, typer.Option("--memory", min=1, max=4096, help="GiB that each new node may use.")] = 16,
    cache_packages: Annotated[
        bool, typer.Option("--cache-packages", help="Download the distribution packages into the image, once.")
    ] = False,
) -> None:
    """Start nodes that boot systemd and sshd, and write an inventory that is ready to deploy."""
    from fatecloud.report.commands import set_inventory, typed  # noqa: PLC0415
    from fatecloud.workflow.sandbox import sandbox_up  # noqa: PLC0415 - keeps --help fast

    handed = sandbox_up(name, nodes, image, cache_packages=cache_packages, say=_say, memory=memory << 30)
    for node, address in handed.sandbox.addresses.items():
        typer.echo(f"{node}  {address}  ssh -i {handed.key} -o UserKnownHostsFile={handed.known_hosts} ops@{address}")
    typer.echo(f"inventory: {handed.inventory}")
    set_inventory(handed.inventory)
    typer.echo(typed("next: fatecloud secrets init && fatecloud deploy"))


@app.command("list")
def list_(*, output: o.Format = o.TABLE) -> None:
    """Show all sandboxes and their nodes."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.sandbox import sandboxes_document, sandboxes_text  # noqa: PLC0415
    from fatecloud.workflow.sandbox import sandbox_list  # noqa: PLC0415

    found = sandbox_list()
    if output is o.TABLE:
        typer.echo(sandboxes_text(found))
    else:
        typer.echo(document_text("SandboxList", sandboxes_document(found), output))


@app.command()
def down(name: _Name = "sandbox") -> None:
    """Remove a sandbox with everything on its nodes."""
    from fatecloud.workflow.sandbox import sandbox_down  # noqa: PLC0415 - keeps --help fast

    count = sandbox_down(name)
    typer.echo(f"sandbox {name} is gone ({count} nodes)")


def _say(event: Event) -> None:
    typer.echo(f"{event.text}{f' ({event.detail})' if event.detail else ''}", err=True)
