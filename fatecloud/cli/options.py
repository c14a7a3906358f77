"""Options that many verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli.verb import INVENTORY
from fatecloud.report.commands import DEFAULT_INVENTORY as DEFAULT_INVENTORY  # noqa: PLC0414 - part of the options
from fatecloud.report.commands import set_inventory

if TYPE_CHECKING:
    from fatecloud.model.selection import Selection


def _file(given: Path) -> Path:
    """The inventory file, even if its directory was given. Printed commands name what was given."""
    set_inventory(given)
    return given / INVENTORY if given.is_dir() else given


def optional_file(given: Path | None) -> Path | None:
    """The same, for verbs that can do without an inventory."""
    return None if given is None else _file(given)


Inventory = Annotated[
    Path,
    typer.Option(
        "--inventory",
        "-i",
        metavar="PATH",
        help=f"The inventory: a file, or a directory that contains {INVENTORY}.",
        envvar="FATECLOUD_INVENTORY",
        callback=_file,
    ),
]
Selectors = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SELECTOR]...",
        help="[OWNER/]COMPONENT[@NODE], OWNER/ or @NODE; default: all services.",
        show_default=False,
    ),
]
NodeSelectors = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SELECTOR]...",
        help="Whole nodes: @NODE, or OWNER/ if that owner does not share nodes; default: all nodes.",
        show_default=False,
    ),
]
Secrets = Annotated[
    Path | None,
    typer.Option(
        "--secrets", help="Vault file with the secrets; default: beside the inventory.", envvar="FATECLOUD_SECRETS"
    ),
]
VaultPassword = Annotated[
    Path | None,
    typer.Option(
        "--vault-password-file",
        help="File that contains the vault password.",
        envvar="FATECLOUD_VAULT_PASSWORD_FILE",
    ),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        help="Where history and known host keys are kept.",
        envvar="FATECLOUD_STATE_DIR",
        resolve_path=True,  # Ansible runs in a directory of its own
    ),
]
Store = Annotated[
    Path | None, typer.Option("--store", help="Artifact store of this controller.", envvar="FATECLOUD_STORE")
]
AcceptKeys = Annotated[
    bool, typer.Option("--accept-new-host-keys", help="Trust the SSH host keys of nodes seen for the first time.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing anything.")]
WaitLock = Annotated[
    str | None, typer.Option("--wait-lock", help="Wait this long for another run to end, for example 30m.")
]
Owner = Annotated[list[str] | None, typer.Option("--owner", help="Only this owner, a party or a group; repeatable.")]
NodeName = Annotated[list[str] | None, typer.Option("--node", help="Only this node; repeatable.")]
Component = Annotated[list[str] | None, typer.Option("--component", help="Only this component; repeatable.")]


class Output(StrEnum):
    """The form of a verb's output."""

    table = "table"
    json = "json"
    yaml = "yaml"


class Numbers(StrEnum):
    """The form of a verb's output that is rows of numbers."""

    table = "table"
    csv = "csv"
    json = "json"
    yaml = "yaml"


Format = Annotated[Output, typer.Option("--output", "-o", help="table for people, json or yaml for programs.")]
TABLE = Output.table
Deadline = Annotated[float, typer.Option("--deadline", min=1, max=600, help="Seconds for each node to answer.")]
DEADLINE = 20.0
ReadLimit = Annotated[
    list[str] | None, typer.Option("--limit", metavar="NODE", help="Read only this node; repeatable.")
]
Limit = Annotated[list[str] | None, typer.Option("--limit", metavar="NODE", help="Only this node; repeatable.")]


def selection(
    selectors: list[str] | None,
    owners: list[str] | None = None,
    nodes: list[str] | None = None,
    components: list[str] | None = None,
) -> Selection:
    """The selection of services that was typed."""
    from fatecloud.model.selection import Selection  # noqa: PLC0415 - keeps --help fast

    return Selection(tuple(selectors or ()), tuple(owners or ()), tuple(nodes or ()), tuple(components or ()))
