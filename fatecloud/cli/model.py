"""`fatecloud model`: carries trained models between environments that share nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fatecloud.cli import options as o
from fatecloud.cli.given import changing_given, session_given
from fatecloud.cli.shown import present
from fatecloud.cli.verb import Group

if TYPE_CHECKING:
    from fatecloud.model.model_change import ModelChange
    from fatecloud.report.console import Console
    from fatecloud.workflow.changing import Changing
    from fatecloud.workflow.model_doing import Way

app = Group()

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Verify everything, say what would change, and stop.")]


@app.command()
def export(
    target: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The archive to write.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    service_id: Annotated[
        str, typer.Option("--service-id", metavar="ID", help="The model that a Serving has under this service id.")
    ] = "",
    model_id: Annotated[
        str, typer.Option("--model-id", metavar="ID", help="The model with this id, of a flow or a Serving.")
    ] = "",
    model_version: Annotated[
        str, typer.Option("--model-version", metavar="VERSION", help="Its version; a deployed one, for a Serving.")
    ] = "",
    owner: o.Owner = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Write what a Serving or a flow here has of a model into one archive, signed with the key of the cluster."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.model_export import export_model, wanted_model  # noqa: PLC0415

    wanted = wanted_model(service_id, model_id, model_version)
    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        console.say(export_model(session, wanted, target, owner or (), deadline=deadline, events=console))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `model export` wrote.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    service_id: Annotated[
        str, typer.Option("--service-id", metavar="ID", help="Service id for it; default: the one of its origin.")
    ] = "",
    owner: o.Owner = None,
    dry_run: _DryRun = False,
    trust: Annotated[
        list[str] | None,
        typer.Option("--trust", metavar="FINGERPRINT", help="A key whose signature counts; repeatable."),
    ] = None,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Verify an archive, load the parts of your parties, and let its service id lead there. Asks first."""
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps --help fast

    from fatecloud.report.console import Console  # noqa: PLC0415
    from fatecloud.workflow.acceptance import Acceptance, given_fingerprints  # noqa: PLC0415
    from fatecloud.workflow.model_import import import_model, verified  # noqa: PLC0415
    from fatecloud.workflow.secrets import SecretsFiles  # noqa: PLC0415

    files = SecretsFiles(inventory, secrets, vault_password_file)
    given = Acceptance(files, given_fingerprints(trust, "--trust"))
    with Console() as console:
        changing = changing_given("model import", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
        way = _way(owner, changing, output, dry_run=dry_run)
        found = verified(file, given, way, datetime.now(UTC).date())
        session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
        _show(import_model(session, found, service_id, way), console, output)


@app.command()
def back(
    service_id: Annotated[str, typer.Argument(metavar="ID", help="A service id.")],
    *,
    inventory: o.Inventory = o.DEFAULT_INVENTORY,
    output: o.Format = o.TABLE,
    owner: o.Owner = None,
    dry_run: _DryRun = False,
    yes: o.Yes = False,
    wait_lock: o.WaitLock = None,
    deadline: o.Deadline = o.DEADLINE,
    secrets: o.Secrets = None,
    vault_password_file: o.VaultPassword = None,
    state_dir: o.StateDir = None,
    accept_new_host_keys: o.AcceptKeys = False,
) -> None:
    """Let a service id lead to the version that it led to before the last import. Asks first."""
    from fatecloud.report.console import Console  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.model_import import go_back  # noqa: PLC0415

    session = session_given(inventory, secrets, vault_password_file, state_dir, accept_new_host_keys)
    with Console() as console:
        changing = changing_given("model back", console, yes=yes, wait_lock=wait_lock, deadline=deadline)
        way = _way(owner, changing, output, dry_run=dry_run)
        _show(go_back(session, service_id, way), console, output)


def _way(owner: list[str] | None, changing: Changing, output: o.Output, *, dry_run: bool) -> Way:
    from fatecloud.model.event import Event  # noqa: PLC0415 - keeps --help fast
    from fatecloud.workflow.model_doing import Way  # noqa: PLC0415

    # The document is alone on standard output.
    events, table = changing.ui, output is o.TABLE
    return Way(owner or (), dry_run, changing, events.say if table else lambda text: events(Event("note", text)))


def _show(change: ModelChange, console: Console, output: o.Output) -> None:
    from fatecloud.report.trained import change_document  # noqa: PLC0415 - keeps --help fast

    # People have read each step already.
    present("ModelChange", output, lambda _: "", lambda: change_document(change), console)
