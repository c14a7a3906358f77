"""TAB: what can follow the words that were typed. It only reads files, and never prints an error.

The shells call the program with `_FATECLOUD_COMPLETE` set (`cli/shells.py` has their scripts). The answer begins with a
line that names its kind (`words` or `files`). A line per word follows: the word, and after a tab its meaning.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

VARIABLE = "_FATECLOUD_COMPLETE"
"""Environment variable with the name of the shell that asks."""
FILES = "files"
Word = tuple[str, str]
"""A word that can be typed, and its meaning."""


def answer_shell(shell: str, arguments: Sequence[str]) -> None:
    """Print what can follow. If anything fails, nothing is printed: an error would spoil the line that is typed.

    Args:
        shell: `bash`, `zsh` or `fish`.
        arguments: the words after the program's name, the last of them unfinished; bash passes its line instead.
    """
    words = list(arguments)
    if shell == "bash":
        words = split_line(os.environ.get("COMP_LINE", ""), os.environ.get("COMP_POINT", ""))[1:] or [""]
    kind, found = completions(words)
    if shell == "bash":
        cut = _cut_for_bash(words[-1], os.environ.get("COMP_WORDBREAKS", ""))
        found = [(word[cut:], "") for word, _ in found]
    lines = (f"{word}\t{meaning}" if meaning else word for word, meaning in found)
    sys.stdout.write("\n".join([kind, *lines]) + "\n")


def split_line(line: str, point: str) -> list[str]:
    """The words of a line up to the cursor; the last one is the unfinished one, empty after a space."""
    text = line[: int(point)] if point.isdigit() else line
    for closing in ("", "'", '"'):
        try:
            words = shlex.split(text + closing)
        except ValueError:
            continue
        return [*words, ""] if not closing and (not text or text[-1].isspace()) else words
    return text.split(" ")


def _cut_for_bash(word: str, breaks: str) -> int:
    """How much of a word bash keeps: it replaces what follows the last character that separates words for it.

    It also replaces the separator itself if it is `@` (Readline's `rl_special_prefixes`).
    """
    parting = [character for character in "@:=" if character in breaks and character in word]
    return max((word.rfind(character) + (character != "@") for character in parting), default=0)


def completions(words: Sequence[str]) -> tuple[str, list[Word]]:
    """What can follow.

    Args:
        words: those after the program's name, the last of them unfinished.

    Returns:
        `words` and the words, or `files` and nothing where a path is expected.
    """
    from typer.main import get_group  # noqa: PLC0415 - Typer is loaded only where it is needed

    from fatecloud.cli.verbs import VERBS, app  # noqa: PLC0415

    *typed, unfinished = words
    wants_help = bool(typed) and typed[0] == "help"
    typed = typed[1:] if wants_help else typed
    command: Any = get_group(app)
    path: list[str] = []
    while typed and hasattr(command, "commands") and not typed[0].startswith("-"):
        path.append(typed.pop(0))
        command = command.get_command(None, path[-1])
        if command is None:
            return "words", []
    if hasattr(command, "commands") and not unfinished.startswith("-"):
        if path:
            below = {name: (inner.help or "") for name, inner in command.commands.items()}
            return "words", _starting(unfinished, ((name, text.partition("\n")[0]) for name, text in below.items()))
        return "words", _starting(unfinished, VERBS.items())
    return ("words", []) if wants_help else _of_verb(path, command, typed, unfinished)


def _of_verb(path: Sequence[str], command: Any, typed: Sequence[str], unfinished: str) -> tuple[str, list[Word]]:
    options = {name: p for p in command.params if p.param_type_name == "option" for name in p.opts}
    pending, positional, given = _read(typed, options)
    lead = ""
    if pending is None and unfinished.startswith("--") and "=" in unfinished:
        name, sign, unfinished = unfinished.partition("=")
        pending, lead = options.get(name), f"{name}{sign}"
        if pending is None:
            return "words", []
    if pending is None and unfinished.startswith("-"):
        names = ((name, p.help or "") for name, p in options.items() if name.startswith("--") and not p.hidden)
        return "words", _starting(unfinished, names)
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    if pending is None and arguments:
        many = arguments[-1] if arguments[-1].nargs == -1 else None
        pending = arguments[positional] if positional < len(arguments) else many
    if pending is None:
        return "words", []
    kind, found = _values(path, pending, unfinished, given)
    return kind, [(lead + word, meaning) for word, meaning in found]


def _read(typed: Sequence[str], options: Mapping[str, Any]) -> tuple[Any, int, dict[str, list[str]]]:
    """The option that still needs its value, the number of arguments, and the options that were given."""
    given: dict[str, list[str]] = {}
    pending, positional = None, 0
    for word in typed:
        name, sign, value = word.partition("=")
        option = options.get(name)
        if pending is not None:
            given.setdefault(pending.name, []).append(word)
            pending = None
        elif not word.startswith("-"):
            positional += 1
        elif option is not None and sign:
            given.setdefault(option.name, []).append(value)
        elif option is not None and not option.is_flag:
            pending = option
    return pending, positional, given


def _values(
    path: Sequence[str], parameter: Any, unfinished: str, given: Mapping[str, Sequence[str]]
) -> tuple[str, list[Word]]:
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return "words", _starting(unfinished, ((str(getattr(c, "value", c)), "") for c in choices))
    if type(parameter.type).__name__ in ("Path", "TyperPath", "File"):
        return FILES, []
    from fatecloud.workflow.complete import values  # noqa: PLC0415 - reads what the words may be

    inventory = (given.get("inventory") or [os.environ.get("FATECLOUD_INVENTORY", "")])[-1]
    verb = " ".join(path)
    return "words", _starting(unfinished, values(verb, parameter.name, unfinished, inventory))


def _starting(unfinished: str, words: Iterable[Word]) -> list[Word]:
    return [(word, meaning) for word, meaning in words if word.startswith(unfinished)]


def main() -> None:
    """Answer the shell; on any failure exit without output."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        answer_shell(os.environ[VARIABLE], sys.argv[1:])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - any output would appear in the line that a person is typing
        os._exit(0)
    os._exit(0)
