"""`fatecloud help [VERB]`: the same as `--help`."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def help_(
    context: typer.Context,
    verb: Annotated[list[str] | None, typer.Argument(metavar="[VERB]...", help="For example `secrets rotate`.")] = None,
) -> None:
    """Show the help of a verb, or of the program."""
    command: Any = context.parent.command if context.parent else context.command
    place: Any = context.parent or context
    for word in verb or ():
        if not hasattr(command, "commands"):
            place.fail(f"No such command {word!r}.")
        name, command, _ = command.resolve_command(place, [word])
        place = typer.Context(command, info_name=name, parent=place)
    typer.echo(command.get_help(place))
