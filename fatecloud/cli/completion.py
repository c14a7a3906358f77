"""`fatecloud completion`: the script that makes TAB complete fatecloud's words."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Shell(StrEnum):
    """A shell with completion."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(
    shell: Annotated[Shell | None, typer.Argument(help="Default: the shell that runs this command.")] = None,
    *,
    install: Annotated[
        bool, typer.Option("--install", help="Install it for this user instead of printing it.")
    ] = False,
) -> None:
    """Print the script that completes words at TAB: source it, or pass --install."""
    from fatecloud.cli import shells  # noqa: PLC0415 - keeps --help fast

    name = shell.value if shell else shells.detect_shell()
    if not install:
        typer.echo(shells.SCRIPTS[name], nl=False)
        return
    for path in shells.install(name, Path.home()):
        typer.echo(f"{path}: written")
    typer.echo(f"Start a new {name} to use it.")


def print_script(value: bool) -> None:  # noqa: FBT001 - a Typer callback
    """Carry out `--show-completion`."""
    if value:
        completion()
        raise typer.Exit


def install_script(value: bool) -> None:  # noqa: FBT001 - a Typer callback
    """Carry out `--install-completion`."""
    if value:
        completion(install=True)
        raise typer.Exit
