"""`fatecloud test toy|lr`: prove with a real federated job."""

from __future__ import annotations

from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

app = Group()

From = Annotated[str | None, typer.Option("--from", help="Party that starts the job (guest); the first one managed.")]
To = Annotated[str | None, typer.Option("--to", help="Party that takes part (host); the next one managed.")]
Deadline = Annotated[int, typer.Option("--deadline", help="Seconds until the job is stopped.")]


@app.command()
def toy(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: From = None,
    to: To = None,
    deadline: Deadline = 300,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Run FATE's toy job between two parties: proves routes, scheduling and compute."""
    return _prove("toy", inventory, from_, to, deadline, (secrets, vault_password_file, state_dir))


@app.command()
def lr(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: From = None,
    to: To = None,
    deadline: Deadline = 900,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Upload a small data set, intersect, train two epochs of hetero-LR, evaluate: the acceptance test."""
    return _prove("lr", inventory, from_, to, deadline, (secrets, vault_password_file, state_dir))


def _prove(
    kind: str,
    inventory: o.Inventory,
    guest: str | None,
    host: str | None,
    deadline: int,
    files: tuple[o.Secrets, o.VaultPassword, o.StateDir],
) -> int:
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.load import Options, load_session  # noqa: PLC0415
    from fatecloud.workflow.prove import prove, told  # noqa: PLC0415

    with Console() as console:
        result = prove(load_session(Options(inventory, *files)), kind, guest, host, deadline, console)
        console.say(told(result))
        return 0
