"""Makes text safe before it reaches a terminal: nodes and their services have written some of it."""

from __future__ import annotations


def plain(line: str) -> str:
    """The line without control characters, which are shown as escapes instead."""
    # Bytes that are not text here arrive as surrogates.
    text = line.expandtabs().encode(errors="replace").decode() if not line.isascii() else line.expandtabs()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain_lines(text: str) -> str:
    """The same for a text of several lines, which it keeps apart."""
    return "\n".join(map(plain, text.splitlines()))
