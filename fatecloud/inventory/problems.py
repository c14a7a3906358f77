"""Collects everything that is wrong with a file, so that the operator sees all problems at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from fatecloud.errors import InventoryError
from fatecloud.model.nearest import nearest
from fatecloud.plain import plain

SHOWN = 200
"""The most problems that are printed; a file with more is not an inventory."""

_LONGEST = 80
"""The most characters of a word of the file that a problem repeats."""
_COMPARED = 20_000
"""The most valid words that are compared with wrong ones."""
_MOST = 30
"""The most valid words that a problem lists."""


class Mark(NamedTuple):
    """A position in the file, counted from 1."""

    line: int
    column: int


class _Problem(NamedTuple):
    mark: Mark
    what: str
    expected: str
    got: str
    words: tuple[str, ...]

    def text(self, *, suggest: bool) -> str:
        """The problem without its position; `suggest`: whether to look for the nearest valid word."""
        text = f"{self.what}, expected {self.expected}" if self.expected else self.what
        close = nearest(self.got, self.words) if self.got and suggest else ""
        line = f"{text}; did you mean {close!r}?" if close else text
        # Names from the file may contain line breaks or terminal codes: a problem must stay one line of plain text.
        return plain(line)


class Problems:
    """The problems of one file.

    Args:
        file: the file's name as the operator typed it.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: set[_Problem] = set()

    def __len__(self) -> int:
        return len(self._found)

    def add(self, mark: Mark, what: str, expected: str = "", got: str = "", words: Iterable[str] = ()) -> None:
        """Note a problem.

        Args:
            mark: where it is.
            what: what is wrong.
            expected: what would be right.
            got: the operator's word, to look for the nearest one in `words`.
            words: the valid words.
        """
        self._found.add(_Problem(mark, what, expected, got, tuple(words)))

    def raise_if_any(self) -> None:
        """Raise InventoryError with one line per problem, sorted by position, if there is a problem."""
        if not self._found:
            return
        # Looking for the nearest word is slow: it is done only for problems that are shown, and up to a limit.
        lines, places, compared = [], [], 0
        for problem in sorted(self._found)[:SHOWN]:
            compared += len(problem.words)
            text = problem.text(suggest=compared <= _COMPARED)
            lines.append(f"{self.file}:{problem.mark.line}:{problem.mark.column}: {text}")
            places.append((problem.mark.line, problem.mark.column, text))
        if len(self._found) > SHOWN:
            lines.append(f"{self.file}: ... and {len(self._found) - SHOWN} more")
        remedy = "correct these lines; `fatecloud inventory schema KEY` explains a key"
        raise InventoryError("\n".join(lines), remedy=remedy, problems=places)

    def stop(self, mark: Mark, what: str, expected: str = "") -> NoReturn:
        """Note a problem that makes the rest of the file unreadable, and raise InventoryError."""
        self.add(mark, what, expected)
        self.raise_if_any()
        raise AssertionError("a problem was just noted")


def short(text: str) -> str:
    """A word of the file for a sentence, cut off if it is long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def one_of(words: Iterable[str]) -> str:
    """Valid words in a sentence: `a`, `a or b`, `a, b or c`. Blank names from the file do not count."""
    known = [word for word in words if word.strip()] or ["nothing"]
    if len(known) > _MOST:
        return f"{', '.join(known[:_MOST])} or one of {len(known) - _MOST} more"
    *most, last = known
    return f"{', '.join(most)} or {last}" if most else last
