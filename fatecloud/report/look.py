"""What the reader's terminal can show."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_NARROWEST, _WIDEST = 60, 120


@dataclass(frozen=True, slots=True)
class Look:
    """How text may look."""

    width: int = 100
    """Columns to fill."""
    color: bool = False
    unicode: bool = False
    """Whether more than ASCII can be shown."""


def look_of(stream: TextIO, environment: Mapping[str, str]) -> Look:
    """What a stream can show: colour on a terminal unless NO_COLOR is set, characters as its encoding says."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size((100, 24)).columns if terminal else _WIDEST
    return Look(
        width=min(max(width, _NARROWEST), _WIDEST),
        color=terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb",
        unicode=(stream.encoding or "").lower().replace("-", "") == "utf8",
    )
