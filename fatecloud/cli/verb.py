"""A verb on the command line: its positional words are never the inventory, and an error explains it if one is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from fatecloud.errors import NoMatch, UsageError
from fatecloud.timing import report_phases

INVENTORY = "inventory.yml"
"""Name of the file in a directory that is given as the inventory."""


class Verb(TyperCommand):
    """A verb. It has `-v`, and corrects the command line when the inventory is in the wrong place."""

    def __init__(self, *names: Any, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        if any(parameter.name == "inventory" for parameter in self.params):
            self.params.append(
                TyperOption(
                    param_decls=["--verbose", "-v"],
                    is_flag=True,
                    default=False,
                    expose_value=False,
                    callback=_report_phases,
                    help="Report how long each phase takes.",
                )
            )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line. Raises UsageError for an unexpected word."""
        typed = list(args)
        ctx.meta["typed"] = typed
        ctx.allow_extra_args = True
        rest: list[str] = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            _refuse_misplaced(ctx, rest)
            raise UsageError(f"unexpected argument {rest[0]!r}", remedy=f"{_path(ctx)} --help")
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        words = list(self._words(ctx))
        inventory = ctx.params.get("inventory")
        if words and inventory and not inventory.exists():
            _refuse_misplaced(ctx, words)
        try:
            return super().invoke(ctx)
        except NoMatch:
            _refuse_misplaced(ctx, words)
            raise

    def _words(self, ctx: Any) -> Iterator[str]:
        for parameter in self.params:
            # A file that a verb works with is not taken for the inventory.
            if parameter.param_type_name == "argument" and parameter.type.name != "path":
                value = ctx.params.get(parameter.name) or ()
                yield from (str(word) for word in (value if isinstance(value, (list, tuple)) else [value]))


class Group(typer.Typer):
    """A group of verbs, like `secrets`."""

    def __init__(self) -> None:
        super().__init__(no_args_is_help=True, rich_markup_mode=None)

    def command(self, name: str | None = None, **more: Any) -> Callable[[Any], Any]:
        """Register a verb."""
        return super().command(name, cls=Verb, **more)


def _report_phases(ctx: Any, parameter: Any, value: bool) -> None:  # noqa: FBT001 - as Click calls it
    del ctx, parameter
    report_phases(_print_phase if value else None)


def _print_phase(seconds: float, name: str) -> None:
    typer.echo(f"{seconds:8.2f} s  {name}", err=True)


def _refuse_misplaced(ctx: Any, words: list[str]) -> None:
    """If a word names an inventory, raise a UsageError that shows the corrected command."""
    if "inventory" not in ctx.params:
        return
    for word in words:
        if not _names_inventory(Path(word)):
            continue
        explicit = ctx.get_parameter_source("inventory").name == "COMMANDLINE"
        corrected = ["-i" if part is None else part for part in _with_option(ctx.meta["typed"], word)]
        raise UsageError(
            f"{word} is an inventory: pass it with -i",
            remedy="" if explicit else f"{_path(ctx)} {shlex.join(corrected)}",
        )


def _with_option(typed: list[str], word: str) -> Iterator[str | None]:
    for part in typed:
        if part == word:
            yield None
        yield part


def _names_inventory(path: Path) -> bool:
    try:
        return path.is_file() or (path / INVENTORY).is_file()
    except (OSError, ValueError):  # too long, or not a path
        return False


def _path(ctx: Any) -> str:
    """`fatecloud check`, independent of the name by which the program was called."""
    names: list[str] = []
    while ctx.parent is not None:
        names.insert(0, ctx.info_name)
        ctx = ctx.parent
    return " ".join(["fatecloud", *names])
