"""The one place that makes text safe which others wrote: nodes, their services, partners, files that we were handed.

Such text must not move a reader's cursor, hide or reorder what is there, or forge lines of ours. `harmless` is for
data as they arrive, `plain` for a line and `plain_lines` for a text that is shown; `guarded` is for whole streams.
"""

from __future__ import annotations

import re
from typing import Any

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_OURS = re.compile(r"(\x1b\[(?:0|1|3[1-7]|31;1)m)")
"""Colours that `report/look.py` uses."""
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Characters without a width that Unicode counts as printable; what directs, joins and separates it does not."""
_DEEPEST = 64


def plain(line: str) -> str:
    """The text as one line: without colours, other characters that cannot be printed as escapes."""
    if _is_plain(line):
        return line
    text = _COLOUR.sub("", line).expandtabs()
    # Bytes that are not text here arrive as surrogates.
    return "".join(map(_shown, text.encode(errors="replace").decode()))


def plain_lines(text: str) -> str:
    """The same for a text of several lines, which it keeps apart."""
    return "\n".join(plain(line.removesuffix("\r")) for line in text.removesuffix("\n").split("\n"))


def plain_word(written: Any, longest: int = 256) -> str:
    """A name or a path that a node gives, cut; empty for None."""
    return plain("" if written is None else str(written)[:longest])


def harmless(data: Any, levels: int = _DEEPEST) -> Any:
    """Data as they were read from JSON, with all texts in them safe; line breaks and tabs stay.

    Raises:
        ValueError: they are nested too deep for the code that reads them next.
    """
    if isinstance(data, str):
        return data if _is_plain(data) else "\n".join(_kept(line) for line in data.split("\n"))
    if isinstance(data, dict):
        _bounded(levels)
        return {harmless(key): harmless(value, levels - 1) for key, value in data.items()}
    if isinstance(data, list):
        _bounded(levels)
        return [harmless(item, levels - 1) for item in data]
    return data


def guarded(text: str) -> str:
    """What may be written to a stream: lines, tabs, and the colours that are ours."""
    return "\n".join(_painted(line) for line in text.split("\n"))


def _bounded(levels: int) -> None:
    if levels <= 0:
        raise ValueError(f"data with more than {_DEEPEST} levels")


def _is_plain(text: str) -> bool:
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


def _painted(line: str) -> str:
    if _is_plain(line):
        return line
    return "".join(piece if _OURS.fullmatch(piece) else _kept(piece) for piece in _OURS.split(line))


def _kept(line: str) -> str:
    """A line with its tabs."""
    return "\t".join(part if _is_plain(part) else plain(part) for part in line.split("\t"))


def _shown(char: str) -> str:
    return char if _is_plain(char) else char.encode("unicode_escape").decode()
