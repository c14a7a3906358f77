"""The valid word that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 80
"""Characters of a word that are compared."""


def nearest(word: str, words: Iterable[str]) -> str:
    """The valid word that is most like the given one; empty when none is near."""
    known = {valid.lower(): valid for valid in words}
    matches = difflib.get_close_matches(word[:_LONGEST].lower(), known, n=1, cutoff=0.6)
    return known[matches[0]] if matches else ""
