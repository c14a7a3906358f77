"""`fatecloud test`: run a smoke test, for example a real federated job."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fatecloud.cli import options as o


def test(
    proof: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEST]", help="For example toy, psi or lr; default: the first that the cluster offers."
        ),
    ] = None,
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    from_: Annotated[
        str | None, typer.Option("--from", help="Party that starts it (guest); default: the inventory's lowest id.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Party that takes part (host); default: the next id.")] = None,
    deadline: Annotated[
        int | None,
        typer.Option(
            "--deadline", help="Seconds for everything, including the clean-up; default: the test's own.", min=10
        ),
    ] = None,
    wait_lock: o.WaitLock = None,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Run a smoke test: a real federated job between two parties."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.envelope import document_text  # noqa: PLC0415
    from fatecloud.workflow.options import Options  # noqa: PLC0415
    from fatecloud.workflow.prove import result_document, result_text  # noqa: PLC0415
    from fatecloud.workflow.proving import prove_cluster  # noqa: PLC0415

    with Console() as console:
        result = prove_cluster(
            Options(inventory, secrets, vault_password_file, state_dir),
            proof,
            from_,
            to,
            deadline=deadline,
            wait_lock=wait_lock,
            ui=console,
            argv=tuple(sys.argv),
        )
        if output is o.TABLE:
            console.say(result_text(result))
        else:
            console.write(document_text("SmokeTest", result_document(result), output))
        return 0
