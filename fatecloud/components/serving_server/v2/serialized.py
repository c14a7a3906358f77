"""Runs on the node: reads what Java wrote with `ObjectOutputStream`, as far as maps of a few plain classes need it.

The form is that of Java's "Object Serialization Stream Protocol", version 5. No class is loaded and no code is run.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _TEXT, _ARRAY = range(0x70, 0x76)
_BLOCK, _END, _LONG_BLOCK, _LONG_TEXT = 0x77, 0x78, 0x7A, 0x7C
_FIRST = 0x7E0000
"""Number of the first object in references."""
_HAS_MORE, _HAS_FIELDS = 0x01, 0x02
"""Flags of a class: it writes something of its own after its fields; it writes its fields."""
_FORMS = {"B": ">b", "C": ">H", "D": ">d", "F": ">f", "I": ">i", "J": ">q", "S": ">h", "Z": ">?"}
"""Of values other than objects, by the letters of their types."""


class Class:
    """What a stream says of a class."""

    def __init__(self, name: str) -> None:
        """With nothing yet but its name."""
        self.name = name
        self.flags = 0
        self.fields: list[tuple[str, str]] = []
        self.above: Class | None = None


class Instance:
    """An object: `values` by the names of its fields, and `more`, what its classes wrote after these."""

    def __init__(self) -> None:
        """Empty, because what it has may refer to it."""
        self.values: dict[str, Any] = {}
        self.more: list[Any] = []


def entries(octets: bytes) -> list[tuple[Any, Any]]:
    """Keys and values of a map of Java's, `ConcurrentHashMap` or `HashMap`.

    Raises:
        ValueError: it is none, or is damaged or cut off.
    """
    if not octets.startswith(_MAGIC):
        raise ValueError("Java did not write it")
    try:
        more = _Stream(octets).read().more
    except (struct.error, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("it is cut off, or not a map") from None
    pairs = [one for one in more if not isinstance(one, bytes)]
    return [(key, pairs[at + 1]) for at, key in enumerate(pairs[:-1]) if at % 2 == 0 and key is not None]


class _Stream:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = len(_MAGIC)
        self._known: list[Any] = []
        self._ways: dict[int, Callable[[], Any]] = {
            _NULL: lambda: None,
            _REFERENCE: self._referred,
            _CLASS: self._class,
            _OBJECT: self._instance,
            _TEXT: lambda: self._keep(self._text(">H")),
            _ARRAY: self._array,
            _BLOCK: lambda: self._take(self._number(">B")),
            _LONG_BLOCK: lambda: self._take(self._number(">I")),
            _LONG_TEXT: lambda: self._keep(self._text(">Q")),
        }

    def read(self) -> Any:
        return self._ways[self._number(">B")]()

    def _take(self, length: int) -> bytes:
        found = self._octets[self._at : self._at + length]
        if len(found) < length:
            raise ValueError("it is cut off")
        self._at += length
        return found

    def _number(self, form: str) -> Any:
        (found,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return found

    def _text(self, form: str) -> str:
        # Java writes a character beyond the first 65536 as two halves, and a zero as two bytes.
        raw = self._take(self._number(form)).replace(b"\xc0\x80", b"\0")
        return raw.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _keep(self, found: Any) -> Any:
        self._known.append(found)
        return found

    def _referred(self) -> Any:
        return self._known[self._number(">I") - _FIRST]

    def _rest(self) -> list[Any]:
        """What comes before an end."""
        found = []
        while self._octets[self._at] != _END:
            found.append(self.read())
        self._at += 1
        return found

    def _class(self) -> Class:
        found = Class(self._text(">H"))
        self._take(8)
        self._keep(found)
        found.flags = self._number(">B")
        for _ in range(self._number(">H")):
            letter, name = chr(self._number(">B")), self._text(">H")
            if letter not in _FORMS:
                self.read()
            found.fields.append((letter, name))
        self._rest()
        found.above = self.read()
        return found

    def _value(self, letter: str) -> Any:
        return self._number(_FORMS[letter]) if letter in _FORMS else self.read()

    def _instance(self) -> Instance:
        kind: Class | None = self.read()
        found = Instance()
        self._keep(found)
        kinds: list[Class] = []
        while kind is not None:
            kinds.insert(0, kind)
            kind = kind.above
        for one in kinds:
            if not one.flags & _HAS_FIELDS:
                raise ValueError(f"{one.name} writes its objects in a form of its own")
            for letter, name in one.fields:
                found.values[name] = self._value(letter)
            if one.flags & _HAS_MORE:
                found.more += self._rest()
        return found

    def _array(self) -> list[Any]:
        kind = self.read()
        found: list[Any] = []
        self._keep(found)
        found.extend(self._value(kind.name[1]) for _ in range(self._number(">I")))
        return found
