"""The outer rim of the command line: errors become one clear line and an exit status."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Annotated

import typer

from fatecloud import __version__
from fatecloud.cli.verbs import Verbs
from fatecloud.errors import FatecloudError, Interrupted, InventoryError, UsageError

BROKEN_PIPE_STATUS = 141
"""What a shell reports of a program that SIGPIPE ended: a verb whose reader went away half way must not say 0."""
CLICK_USAGE_STATUS = 2

app = typer.Typer(
    name="fatecloud",
    cls=Verbs,
    help="Deploy, verify and run FATE federated-learning clusters.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    _prepare_streams()
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
        if status == Interrupted.exit_status:  # Typer's way to tell of Ctrl-C
            status = _interrupted()
    except FatecloudError as error:
        status = _told(error)
    except KeyboardInterrupt:
        status = _interrupted()
    except (SystemExit, Exception) as error:  # noqa: BLE001 - no traceback ever reaches a user
        # Typer ends with SystemExit on every broken pipe, be it that of our output or another.
        cause = error.__context__ if isinstance(error, SystemExit) else error
        status = BROKEN_PIPE_STATUS if _is_reader_gone() else _unforeseen(cause or error)
    if _is_reader_gone():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed would raise again
    sys.exit(status if isinstance(status, int) else 0)


def _prepare_streams() -> None:
    """Leave no stream closed, lest a file get its number, and let no character that a terminal lacks end a verb."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _is_reader_gone() -> bool:
    poll = select.poll()
    poll.register(1, 0)
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0))


def _interrupted() -> int:
    typer.echo("fatecloud: interrupted", err=True)
    return Interrupted.exit_status


def _told(error: FatecloudError) -> int:
    # A problem of an inventory begins with file:line:column, which editors and terminals make a link of.
    prefix = "" if isinstance(error, InventoryError) else "fatecloud: "
    typer.echo(f"{prefix}{error.message}", err=True)
    if error.remedy:
        typer.echo(f"  next: {error.remedy}", err=True)
    return error.exit_status


def _unforeseen(error: BaseException) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # Click's own usage errors
        error.show()
        return UsageError.exit_status if error.exit_code == CLICK_USAGE_STATUS else int(error.exit_code)
    if isinstance(error, typer.Abort):  # at a question: Ctrl-C, or the end of the input
        if isinstance(error.__context__, KeyboardInterrupt):
            return _interrupted()
        typer.echo("fatecloud: nothing was done", err=True)
        return 1
    if os.environ.get("FATECLOUD_DEBUG"):
        import traceback  # noqa: PLC0415 - only for a defect

        traceback.print_exception(error)
    typer.echo(f"fatecloud: this should not have happened: {type(error).__name__}: {error}", err=True)
    typer.echo("  next: run again with FATECLOUD_DEBUG=1 and report what it prints", err=True)
    return 1
