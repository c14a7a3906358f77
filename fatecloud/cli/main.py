"""The command line: registers the verbs and turns errors into one clear line and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from fatecloud import __version__
from fatecloud.cli import inventory as inventory_verbs
from fatecloud.cli import release as release_verbs
from fatecloud.cli import sandbox as sandbox_verbs
from fatecloud.cli import secrets as secrets_verbs
from fatecloud.cli.check import check
from fatecloud.cli.deploy import deploy
from fatecloud.cli.destroy import destroy
from fatecloud.cli.explain import explain
from fatecloud.cli.init import init
from fatecloud.cli.logs import logs
from fatecloud.cli.plan import plan
from fatecloud.cli.preflight import preflight
from fatecloud.cli.proof import app as proof_app
from fatecloud.cli.quickstart import quickstart
from fatecloud.cli.render import render
from fatecloud.cli.services import restart, start, stop
from fatecloud.cli.status import status
from fatecloud.errors import FatecloudError

USAGE_STATUS = 64
CLICK_USAGE_STATUS = 2

app = typer.Typer(
    name="fatecloud",
    help="Deploy, verify and run FATE federated-learning clusters.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: tuple[Callable[..., object], ...] = (
    *(quickstart, init, plan, preflight, deploy, check, status, logs),
    *(start, stop, restart, destroy, render, explain),
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(proof_app, name="test", help="Prove with a real federated job.")
app.add_typer(inventory_verbs.app, name="inventory", help="Validate and show inventories.")
app.add_typer(secrets_verbs.app, name="secrets", help="Generate, show and rotate secrets.")
app.add_typer(release_verbs.app, name="release", help="Fill and inspect the artifact store.")
app.add_typer(sandbox_verbs.app, name="sandbox", help="Throw-away nodes on Docker.")


def _version(value: bool) -> None:  # noqa: FBT001 - a Typer callback
    if value:
        typer.echo(f"fatecloud {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Deploy, verify and run FATE federated-learning clusters."""


def main() -> None:
    """Run the program and exit with the status that docs/reference/exit-status.md lists."""
    try:
        status_ = app(standalone_mode=False)
    except FatecloudError as error:
        typer.echo(f"fatecloud: {error.message}", err=True)
        if error.remedy:
            typer.echo(f"  next: {error.remedy}", err=True)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        typer.echo("fatecloud: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second write at exit would raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the outer rim: no traceback ever reaches a user
        sys.exit(_unforeseen(error))
    sys.exit(status_ if isinstance(status_, int) else 0)


def _unforeseen(error: Exception) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # Click's own usage errors
        error.show()
        return USAGE_STATUS if error.exit_code == CLICK_USAGE_STATUS else int(error.exit_code)
    if isinstance(error, typer.Abort):
        typer.echo("fatecloud: nothing was done", err=True)
        return 1
    if os.environ.get("FATECLOUD_DEBUG"):
        traceback.print_exc()
    typer.echo(f"fatecloud: this should not have happened: {type(error).__name__}: {error}", err=True)
    typer.echo("  next: run again with FATECLOUD_DEBUG=1 and report what it prints", err=True)
    return 1
