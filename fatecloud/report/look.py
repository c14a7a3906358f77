"""What the reader's terminal can show."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # callers that use colours have loaded this module anyway
    from fatecloud.model.finding import Severity

_COLORS: Mapping[Severity, str] = {"critical": "31;1", "unknown": "35", "warning": "33", "exposure": "36"}
_NARROWEST, _WIDEST, _ENDLESS = 30, 120, 100_000

_BEYOND_ASCII = "└中é"
"""An encoding that has these characters is trusted with all text. UTF-8 has them, and so has GB18030."""


@dataclass(frozen=True, slots=True)
class Look:
    """What text for this terminal can use."""

    width: int = 100
    """Columns to fill."""
    color: bool = False
    unicode: bool = False
    """Whether more than ASCII can be shown."""


def look_of(stream: TextIO, environment: Mapping[str, str]) -> Look:
    """What a stream can show: colour on a terminal unless NO_COLOR is set, characters as its encoding says."""
    terminal = stream.isatty()
    # A file or a pipe has no width, and should not change with the terminal.
    width = shutil.get_terminal_size((100, 24)).columns if terminal else _WIDEST
    return Look(
        width=min(max(width, _NARROWEST), _WIDEST),
        color=terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb",
        unicode=_can_show(_BEYOND_ASCII, stream.encoding or "ascii"),
    )


def painted(text: str, severity: Severity, look: Look) -> str:
    """The text in the colour of a severity, if colours are allowed."""
    return toned(text, _COLORS[severity], look)


def toned(text: str, code: str, look: Look) -> str:
    """The text with an SGR code such as `32` (green), if colours are allowed."""
    return f"\x1b[{code}m{text}\x1b[0m" if look.color and text else text


def line_width(stream: TextIO) -> int:
    """Columns that rows may fill: those of a terminal; otherwise no limit, so that `grep` finds a whole row."""
    return max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST) if stream.isatty() else _ENDLESS


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
