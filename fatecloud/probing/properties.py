"""Runs on the node: the keys of a service's own settings, where they are a properties file of Java."""

from __future__ import annotations

import re
from typing import Any

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def settings(path: str) -> dict[str, str]:
    """The keys of a file, as Java reads them, as far as ours need it: a key and its value on one line.

    Raises:
        OSError: it cannot be read.
    """
    found = {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            key, equals, value = line.strip("\r\n").lstrip().partition("=")
            if equals and not key.startswith(("#", "!")):
                units = _ESCAPED.sub(_plain, value.lstrip())
                found[key.strip()] = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return found


def _plain(match: Any) -> str:
    text = match.group(1)
    return chr(int(text[1:], 16)) if len(text) > 1 else _CONTROLS.get(text, text)
