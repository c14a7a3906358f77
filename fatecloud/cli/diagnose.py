"""`fatecloud diagnose`: whose side is at fault, from the exports of both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.shown import present
from fatecloud.errors import UsageError


def diagnose(
    ours: Annotated[
        Path | None, typer.Argument(metavar="[OURS]", help="Our `check --export`.", show_default=False)
    ] = None,
    theirs: Annotated[
        Path | None, typer.Argument(metavar="[THEIRS]", help="The partner's; without it, one half.", show_default=False)
    ] = None,
    *,
    letter: Annotated[
        Path | None,
        typer.Option("--names", help="Print this text, such as a letter, with our names for our pseudonyms; no more."),
    ] = None,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
) -> int:
    """Name the side and the service at fault, from the exports of both. Exits 0, 1 (a fault) or 3 (not all known)."""
    import time  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.diagnosis import diagnosis_document, diagnosis_text  # noqa: PLC0415
    from fatecloud.workflow.diagnose import diagnose_files, in_our_names  # noqa: PLC0415
    from fatecloud.workflow.secrets import SecretsFiles  # noqa: PLC0415

    if (ours is None) == (letter is None):
        raise UsageError("name our export and the partner's, or a text with --names")
    if ours is None:
        typer.echo(in_our_names(inventory, state_dir, letter or Path()))
        return 0
    files = SecretsFiles(inventory, secrets, vault_password_file)
    found = diagnose_files(files, ours, theirs, state_dir, time.time())
    present("Diagnosis", output, lambda width: diagnosis_text(found, width), lambda: diagnosis_document(found))
    return found.exit_status
