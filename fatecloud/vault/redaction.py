"""Takes secrets out of texts by their values, in whatever form a program wrote them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from fatecloud.vault.forms import cores, forms, needle

STARS = "***"
_ALPHABET = f"{string.ascii_letters}{string.digits}+/-_"
_SHORT = 1000
"""Characters. In a longer text, one search after the other is faster than one pattern for all."""
_REST = re.compile("[A-Za-z0-9+/_-]?=?=?")


class _Value:
    """One secret value, and where a text contains it."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._cores = cores(value)
        self.signs = {needle(value), *self._cores}
        """One of these is in each text that contains the value."""

    @cached_property
    def _forms(self) -> frozenset[str]:
        # Some hundred for a value with quotes: made only for a text that may contain one.
        return forms(self._value)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """First and one past the last position of each place; they may overlap."""
        for form in self._forms:
            for start in _places(form, text):
                yield start, start + len(form)
        for core in self._cores:
            for start in _places(core, text):
                # The neighbouring characters hold a few bits of the value.
                before = text[start - 1 : start]
                after = _REST.match(text, start + len(core))
                yield start - (before in _ALPHABET and before != ""), after.end() if after else len(text)


def _places(part: str, text: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


class Redactor:
    """Replaces values by stars.

    Args:
        values: empty ones are ignored.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values = [_Value(value) for value in sorted(set(values)) if value]
        self._signs = sorted({sign for value in self._values for sign in value.signs})

    def __call__(self, text: str) -> str:
        """The text without the values. Places that overlap become one, so that no part of a value stays."""
        if not self._may_hold(text):
            return text
        spans = sorted(span for value in self._values for span in value.spans(text))
        parts, done, last = [], 0, 0
        for start, end in spans:
            if start >= last:
                parts += [text[done:start], STARS]
            last = done = max(last, end)
        return "".join((*parts, text[done:])) if parts else text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._signs)))

    def _may_hold(self, text: str) -> bool:
        """Whether a text may hold a value. Nearly none does, and a check asks this some ten thousand times."""
        if not self._signs:
            return False
        if len(text) < _SHORT:
            return self._pattern.search(text) is not None
        return any(sign in text for sign in self._signs)


@lru_cache(maxsize=4)
def redactor(values: frozenset[str]) -> Redactor:
    """The one for these values, kept for the next text."""
    return Redactor(values)
