"""What every remedy has to be: a command that can be typed, a change that is named, or a person with a task."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from typer.main import get_group

from fatecloud.checks.registry import all_codes
from fatecloud.cli.verbs import app
from fatecloud.errors import FatecloudError
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, Run
from fatecloud.model.selection import Selection, select

PROGRAM = "fatecloud "
_PLACEHOLDER = re.compile(r"\b[A-Z]+_(?:PORT|FILE|NAME)\b|<[a-z]+>|\bFILE\b|\.\.\.")


def problems(finding: Finding, desired: Desired) -> list[str]:
    """What is wrong with the remedies of a finding; empty if nothing."""
    found = [f"{finding.id}: {one}: {wrong}" for one in finding.remedy for wrong in _wrong(one, desired)]
    acting = [one for one in finding.remedy if not (isinstance(one, Run) and one.looks)]
    if not acting:
        found.append(f"{finding.id}: no remedy changes anything")
    if finding.remedy and getattr(finding.remedy[0], "instead", False):
        found.append(f"{finding.id}: the first remedy is another way than nothing")
    return found


def _wrong(remedy: Run | Edit | Ask, desired: Desired) -> Iterator[str]:
    if "\n" in str(remedy):
        yield "it has several lines"
    if isinstance(remedy, Run):
        yield from _wrong_command(remedy, desired)
    elif isinstance(remedy, Edit):
        if not (remedy.change and remedy.file):
            yield "it names no change or no file"
        if PROGRAM in remedy.change:
            yield "a command is a remedy of its own"
        if remedy.node and remedy.node not in desired.cluster.nodes:
            yield "there is no such node"
    elif not (remedy.whom and remedy.what):
        yield "it names no one or no task"


def _wrong_command(remedy: Run, desired: Desired) -> Iterator[str]:
    if re.search(r"(?:^|\s)#", remedy.command):
        yield "a comment is in the command"
    if _PLACEHOLDER.search(remedy.command):
        yield "a word has to be filled in"
    try:
        words = shlex.split(remedy.command)
    except ValueError as error:
        yield f"a shell does not read it: {error}"
        return
    ours = remedy.command.startswith(PROGRAM)
    if ours == bool(remedy.node):
        yield "our commands are typed on the controller, and all others on a node"
    elif ours:
        yield from _wrong_words(words[1:], desired)
    elif remedy.node not in desired.cluster.nodes:
        yield "there is no such node"


def _wrong_words(words: list[str], desired: Desired) -> Iterator[str]:
    command: Any = get_group(app)
    while hasattr(command, "commands") and words:
        command = command.get_command(None, words.pop(0))
        if command is None:
            yield "there is no such verb"
            return
    try:
        given = command.make_context("fatecloud", words).params if words else {}
    except Exception as error:  # noqa: BLE001 - where these errors live depends on the version of Typer
        yield f"it is not understood: {error}"
        return
    selectors = tuple(given.get("selectors") or ())
    services = [given[name] for name in ("adopt_data", "new_data") if given.get(name)]
    limit = tuple(given.get("limit") or ())
    try:
        select(desired, Selection((*selectors, *(key for keys in services for key in keys))), limit)
    except FatecloudError as error:
        yield error.message
    if given.get("code") and given["code"] not in all_codes():
        yield "there is no such code"
