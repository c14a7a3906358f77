"""What a node says, as it comes in: one line of JSON among banners and noise, with texts that are safe to show."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from fatecloud.plain import harmless

_LARGEST = 8 << 20
"""Bytes of a document whose facts are kept: as objects they can take a hundred times as much."""
_BEGINNING = b'{"version"'


def document_of(stdout: bytes, *, raw: bool = False) -> dict[str, Any] | None:
    """The document in a command's output; None when there is none that can be read.

    Args:
        stdout: bounded by the transport.
        raw: leave its texts as they are, up to the transport's bound; the code that shows them makes them plain.
    """
    # From the end: what a login's profile prints comes before our line.
    for line in reversed(stdout.split(b"\n")):
        if line.startswith(_BEGINNING) and not raw and len(line) > _LARGEST:
            return None
        if line.startswith(_BEGINNING):
            try:
                found = json.loads(line.decode(errors="replace"), parse_constant=_no_number, parse_float=_finite)
                return found if raw else harmless(found)  # type: ignore[no-any-return]
            except (ValueError, RecursionError):
                return None
    return None


def _finite(text: str) -> float:
    """A number; one like 1e999 would be infinite, which is not valid JSON when it is printed again."""
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
