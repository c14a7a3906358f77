"""`fatecloud test toy|lr`: run a smoke test, which is a real federated job."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.verb import Group

app = Group()

From = Annotated[
    str | None, typer.Option("--from", help="Party that starts the job (guest); default: the inventory's lowest id.")
]
To = Annotated[str | None, typer.Option("--to", help="Party that takes part (host); default: the next id.")]
Deadline = Annotated[int, typer.Option("--deadline", help="Seconds for everything, including the clean-up.", min=10)]


@app.command()
def toy(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: From = None,
    to: To = None,
    deadline: Deadline = 300,
    wait_lock: o.WaitLock = None,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Run FATE's toy job between two parties: tests routes, scheduling and compute."""
    return _prove("toy", inventory, from_, to, (deadline, wait_lock), (secrets, vault_password_file, state_dir), output)


@app.command()
def lr(
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: From = None,
    to: To = None,
    deadline: Deadline = 900,
    wait_lock: o.WaitLock = None,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Upload a small data set, intersect, train two epochs of hetero-LR, evaluate: the acceptance test."""
    return _prove("lr", inventory, from_, to, (deadline, wait_lock), (secrets, vault_password_file, state_dir), output)


def _prove(
    kind: str,
    inventory: o.Inventory,
    guest: str | None,
    host: str | None,
    patience: tuple[int, str | None],
    files: tuple[o.Secrets, o.VaultPassword, o.StateDir],
    output: o.Output,
) -> int:
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.workflow.load import Options  # noqa: PLC0415
    from fatecloud.workflow.prove import result_document, result_text  # noqa: PLC0415
    from fatecloud.workflow.proving import prove_cluster  # noqa: PLC0415

    with Console() as console:
        result = prove_cluster(
            Options(inventory, *files),
            kind,
            guest,
            host,
            deadline=patience[0],
            wait_lock=patience[1],
            ui=console,
            argv=tuple(sys.argv),
        )
        if output is o.TABLE:
            console.say(result_text(result))
        else:
            console.write(document_text("SmokeTest", result_document(result), output))
        return 0
