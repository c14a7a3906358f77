"""Writes the reference pages that are generated from the code: `python -m fatecloud.cli.reference`, in a checkout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.main import get_group

from fatecloud.cli.verbs import app
from fatecloud.report.codes import codes_page
from fatecloud.report.kind_schema import output_schema
from fatecloud.report.releases_page import releases_page
from fatecloud.report.units import units_page
from fatecloud.workflow.explain import codes, unit_exceptions
from fatecloud.workflow.inventory import reference_text, schema_text
from fatecloud.workflow.release_rows import component_rows, release_rows

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

_HEAD = """\
# Command line

Generated from the code. Every verb prints the same with `--help`. For exit statuses see [exit status](exit-status.md).
`FATECLOUD_DEBUG=1` adds a traceback to the message about a defect; `NO_COLOR` switches colours off.
"""


def cli_page() -> str:
    """Every verb with its arguments and options, in Markdown."""
    return _HEAD + "".join(_verb(f"fatecloud {path}", command) for path, command in _commands(get_group(app), ()))


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in group.commands:
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def _verb(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=name)
    records = [parameter.get_help_record(context) for parameter in command.params]
    lines = ["", f"## {name}", "", " ".join(command.help.split()), ""]
    if records:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{record[0]}` | {_cell(record[1])} |" for record in records if record]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "codes.md": lambda: codes_page(codes()),
    "inventory.md": lambda: reference_text() + "\n",
    "inventory.schema.json": lambda: schema_text() + "\n",
    "output.schema.json": lambda: json.dumps(output_schema(), indent=2) + "\n",
    "releases.md": lambda: releases_page(component_rows(), release_rows()),
    "units.md": lambda: units_page(unit_exceptions()),
}
"""File name -> its text."""


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
