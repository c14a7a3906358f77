"""Wraps text to a width in terminal columns; a Chinese character takes two of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_LEAST = 20
"""The fewest columns for the last cell of a row beside the others."""


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    # Nearly all texts are, and the look-up of each character costs.
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """The words of a text in lines that keep within the width. A longer word gets a line of its own, in one piece.

    Args:
        text: the text to wrap.
        width: columns.
        first: begins the first line.
        rest: begins the other lines.
    """
    line, empty = first, True
    for word, glued in _words(text):
        space = "" if empty or glued else " "
        if columns_of(line) + len(space) + columns_of(word) > width and (not empty or line.strip()):
            yield line.rstrip()
            line, space = rest, ""
        line += space + word
        empty = False
    yield line.rstrip()


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and whether a word follows the last one without a space: a line can break at any wide character."""
    for word in text.split():
        start = 0
        for index in range(1, len(word)):
            if columns_of(word[index]) == 2 or columns_of(word[index - 1]) == 2:  # noqa: PLR2004 - wide
                yield word[start:index], start > 0
                start = index
        yield word[start:], start > 0


def table(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Rows in aligned columns, with the last cell wrapped beside them, or below them if the width is too small.

    Args:
        rows: cells, the same number in every row.
        width: columns of the terminal.
    """
    sizes = [max(map(columns_of, column)) for column in zip(*rows, strict=True)][:-1]
    indent = sum(sizes) + 2 * len(sizes)
    beside = indent + _LEAST <= width or indent + max((columns_of(row[-1]) for row in rows), default=0) <= width
    for *cells, last in rows:
        if beside:
            head = "".join(
                f"{cell}{' ' * (size - columns_of(cell))}  " for cell, size in zip(cells, sizes, strict=True)
            )
            yield from wrapped(last, width, head, " " * indent)
        else:
            yield from wrapped(" ".join(cells), width, "", "    ")
            if last:
                yield from wrapped(last, width, "    ", "    ")
