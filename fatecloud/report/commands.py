"""The commands in our messages, in a form that can be typed here: with this program and this inventory.

Messages, remedies and findings contain plain commands such as `fatecloud check`. They only work if `fatecloud` on PATH
is this program and the inventory is the default one. Otherwise the path of the program and `-i INVENTORY` are filled in
when the message is printed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

NAME = "fatecloud"
DEFAULT_INVENTORY = Path("inventory.yml")
_REST = re.compile(r"[^`\n;&|]*")
"""The rest of a command: up to the end of the quoted words, the line, or the next command."""
_NAMED = re.compile(r"(?:^|\s)(?:-i|--inventory)[\s=]")


@dataclass(frozen=True)
class Commands:
    """How commands are typed here.

    Attributes:
        program: words that start this program, quoted for a shell.
        path: the same with an absolute path, because sudo and cron have their own PATH, and cron another directory.
        list_verbs: returns "check" or "secrets rotate" -> whether it takes `-i`. Called at the first use.
        inventory: the inventory that this run works with.
        script: the file that was started.
    """

    program: str = NAME
    path: str = NAME
    list_verbs: Callable[[], Mapping[str, bool]] = field(default=dict, repr=False)
    inventory: Path = DEFAULT_INVENTORY
    script: Path | None = None

    def typed(self, text: str) -> str:
        """The text, with each fatecloud command as it can be typed here. Other words stay as they are."""
        if f"{NAME} " not in text:
            return text
        return self._pattern.sub(self._typed, text) if self._verbs else text

    @cached_property
    def _verbs(self) -> Mapping[str, bool]:
        return self.list_verbs()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        verbs = "|".join(re.escape(words) for words in sorted(self._verbs, key=len, reverse=True))
        return re.compile(rf"(?<![\w./~-])(?P<before>sudo |@reboot )?{NAME} (?P<verb>{verbs})(?![\w-])")

    def _typed(self, match: re.Match[str]) -> str:
        before, verb = match["before"] or "", match["verb"]
        rest = _REST.match(match.string, match.end())
        named = rest is not None and _NAMED.search(rest[0])
        inventory = self.inventory.absolute() if before else self.inventory
        option = ""
        if self._verbs[verb] and not named and inventory != DEFAULT_INVENTORY:
            option = f" -i {shlex.quote(str(inventory))}"
        return f"{before}{self.path if before else self.program} {verb}{option}"


def commands_of(started_as: str, list_verbs: Callable[[], Mapping[str, bool]]) -> Commands:
    """How commands are typed in this environment.

    Args:
        started_as: `sys.argv[0]`.
        list_verbs: returns "check" or "secrets rotate" -> whether it takes `-i`.
    """
    script = Path(started_as).absolute()
    path = shlex.quote(str(script))
    found = shutil.which(NAME)
    # Another installation on PATH would read the same inventory with another version.
    is_on_path = found is not None and Path(found).resolve() == script.resolve()
    return Commands(NAME if is_on_path else path, path, list_verbs, script=script)


class _Here:
    """The only global state: how commands are typed while this process runs."""

    commands = Commands()


def set_commands(commands: Commands) -> None:
    """Set once, at the start, how commands are typed here."""
    _Here.commands = commands


def set_inventory(path: Path) -> None:
    """Set the inventory that this run works with; commands that are printed from now on name it."""
    _Here.commands = replace(_Here.commands, inventory=path)


def typed(text: str) -> str:
    """The text, with each `fatecloud VERB` in it as it can be typed here."""
    return _Here.commands.typed(text)


def link_program() -> Path | None:
    """Create a link to this program in the directory for local programs, unless PATH already has a program of its name.

    Returns:
        The link; None if it was not needed or could not be created.
    """
    script = _Here.commands.script
    if script is None or not script.is_file() or shutil.which(NAME):
        return None
    folder = Path("/usr/local/bin") if os.geteuid() == 0 else Path.home() / ".local" / "bin"
    link = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        link.symlink_to(script)
    except OSError:
        return None
    _Here.commands = replace(commands_of(str(script), _Here.commands.list_verbs), inventory=_Here.commands.inventory)
    return link
