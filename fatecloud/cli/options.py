"""Options that many verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fatecloud.report.commands import DEFAULT_INVENTORY as DEFAULT_INVENTORY  # noqa: PLC0414 - part of the options
from fatecloud.report.commands import set_inventory


def _used(path: Path) -> Path:
    set_inventory(path)
    return path


Inventory = Annotated[
    Path,
    typer.Argument(
        help="The inventory file.",
        show_default=True,
        metavar="INVENTORY",
        envvar="FATECLOUD_INVENTORY",
        callback=_used,
    ),
]
Secrets = Annotated[
    Path | None, typer.Option("--secrets", help="Vault file with the secrets, if not beside the inventory.")
]
VaultPassword = Annotated[
    Path | None, typer.Option("--vault-password-file", help="File that holds the vault password.")
]
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="Where history and known host keys are kept.")]
Store = Annotated[
    Path | None, typer.Option("--store", help="Artifact store of this controller.", envvar="FATECLOUD_STORE")
]
AcceptKeys = Annotated[
    bool, typer.Option("--accept-new-host-keys", help="Trust the SSH host keys of nodes seen for the first time.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing anything.")]
Party = Annotated[list[str] | None, typer.Option("--party", help="Only this party; repeatable.")]
NodeName = Annotated[list[str] | None, typer.Option("--node", help="Only this node; repeatable.")]
Component = Annotated[list[str] | None, typer.Option("--component", help="Only this component; repeatable.")]
