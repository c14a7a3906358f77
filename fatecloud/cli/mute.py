"""`fatecloud mute`: findings that do not count for some time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import session_given
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from fatecloud.model.mute import Mute

app = Group()


@app.command()
def add(
    finding: Annotated[str, typer.Argument(help="CODE@SUBJECT, as `check -o json` names it, or CODE.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the other operators.")],
    until: Annotated[str, typer.Option("--until", help="How long: 4h, 3d, 2026-12-01 or 2026-12-01T08:00Z.")],
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Check, and mute a finding that is there. It counts again after the time, and at once if it gets worse."""
    import time  # noqa: PLC0415 - keeps --help fast
    from functools import partial  # noqa: PLC0415

    from fatecloud.workflow.mute import add_mute, whole_check  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    check = partial(whole_check, session, deadline)
    _print([add_mute(inventory, check, finding, reason=reason, until=until, now=time.time())])


@app.command("list")
def list_(*, inventory: o.Inventory = o.DEFAULT_INVENTORY, output: o.Format = o.TABLE) -> None:
    """List what is muted, why, by whom and until when."""
    from fatecloud.report.envelope import document_text  # noqa: PLC0415 - keeps --help fast
    from fatecloud.report.mute import mutes_document  # noqa: PLC0415
    from fatecloud.workflow.mute import mutes_of  # noqa: PLC0415

    found = mutes_of(inventory)
    if output is o.TABLE:
        _print(found)
    else:
        typer.echo(document_text("MuteList", mutes_document(found), output))


@app.command()
def remove(
    finding: Annotated[str, typer.Argument(help="CODE@SUBJECT.")], *, inventory: o.Inventory = o.DEFAULT_INVENTORY
) -> None:
    """Let a finding count again."""
    from fatecloud.workflow.mute import remove_mute  # noqa: PLC0415 - keeps --help fast

    typer.echo(f"{remove_mute(inventory, finding).finding} counts again")


def _print(mutes: list[Mute] | tuple[Mute, ...]) -> None:
    import time  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.look import line_width  # noqa: PLC0415
    from fatecloud.report.mute import mutes_text  # noqa: PLC0415

    typer.echo(mutes_text(mutes, time.time(), line_width(sys.stdout)))
