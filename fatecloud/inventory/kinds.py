"""The kinds of single values: each reads a value, describes what it expects, and has a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from fatecloud.inventory.document import Listing, Scalar, Value
from fatecloud.inventory.problems import Mark, Problems, one_of, short


class _Bad:
    """What a kind returns for a value that it refused (and noted as a problem)."""


BAD = _Bad()


@dataclass(slots=True)
class Reader:
    """The state while a file is read: its problems, and the position of every value by dotted path."""

    problems: Problems
    places: dict[str, Mark] = field(default_factory=dict)

    def at(self, path: str) -> Mark:
        """The position of a value, or of the nearest section around it that is in the file."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return Mark(1, 1)


class Kind(Protocol):
    """A kind of value."""

    @property
    def what(self) -> str:
        """What is expected, for a sentence: `a port from 1 to 65535`."""

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """The value for the model, or BAD after a problem was noted."""

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""


def described(value: Value) -> str:
    """A value in a sentence, short."""
    if isinstance(value, Scalar):
        if value.type == "null" and not value.text:
            return "nothing"
        return repr(short(value.text))
    return "a list" if isinstance(value, Listing) else "a mapping"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that matches a pattern and a converter, which raises ValueError for other texts."""

    what: str
    pattern: str = r"\S(.*\S)?"
    convert: Callable[[str], Any] = str

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """The text, converted."""
        if not isinstance(value, Scalar):
            return refuse(value, reader, path, self.what)
        if value.type == "null":
            return refuse(value, reader, path, self.what)
        # YAML takes `9999`, `yes` and `1e3` for something else than texts, and changes what was typed.
        if value.type != "str":
            quoted = f'{self.what} in quotes: "{value.text}"'
            return refuse(value, reader, path, quoted)
        try:
            if re.fullmatch(self.pattern, value.text):
                return self.convert(value.text)
        except ValueError:
            pass
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """A string with a pattern."""
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def what(self) -> str:
        """Names the bounds that there are."""
        if self.minimum is not None and self.maximum is not None:
            return f"a whole number from {self.minimum} to {self.maximum}"
        if self.minimum is not None:
            return f"a whole number, {self.minimum} or more"
        return "a whole number" if self.maximum is None else f"a whole number, {self.maximum} or less"

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """An int."""
        if isinstance(value, Scalar) and value.type == "int" and re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", value.text):
            number = int(value.text)
            low = self.minimum is None or number >= self.minimum
            if low and (self.maximum is None or number <= self.maximum):
                return number
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """An integer with its bounds."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with a fraction or without one."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def what(self) -> str:
        """Names the bounds that there are."""
        bounds = (("from", self.minimum), ("to", self.maximum))
        return " ".join(["a number", *(f"{word} {bound}" for word, bound in bounds if bound is not None)])

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A float."""
        form = r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?"
        if isinstance(value, Scalar) and value.type in ("int", "float") and re.fullmatch(form, value.text):
            number = float(value.text)
            low = self.minimum is None or number >= self.minimum
            if low and (self.maximum is None or number <= self.maximum):
                return number
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """A number with its bounds."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": "number", **{name: bound for name, bound in bounds.items() if bound is not None}}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    what: str = "true or false"

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A bool."""
        if isinstance(value, Scalar) and value.type == "bool":
            return value.text.lower() in ("true", "yes", "on")
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; `later` are words of the format that this version does not support yet."""

    words: tuple[str, ...]
    later: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The words."""
        return one_of(self.words)

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """The word."""
        if isinstance(value, Scalar):
            if value.text in self.later:
                name = path.rpartition(".")[2]
                reader.problems.add(value.mark, f"{name}: {value.text} is not supported yet", self.what)
                return BAD
            if value.text in self.words:
                return value.text
            reader.problems.add(value.mark, _wrong(value, path), self.what, value.text, self.words)
            return BAD
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """An enumeration."""
        return {"enum": [*self.words, *self.later]}


def size_of(text: str) -> int:
    """Bytes of `512`, `512M`, `512MiB`, `2G` (powers of 1024). Raises ValueError."""
    match = re.fullmatch(r"([0-9]{1,15})\s*([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if not match:
        raise ValueError(f"not a size: {text!r}")
    return int(match[1]) << 10 * " KMGT".index(match[2].upper() or " ")


@dataclass(frozen=True, slots=True)
class Size:
    """A number of bytes, plain or with a unit; an int in the model."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def what(self) -> str:
        """Names the bounds that there are, in bytes."""
        bounds = [
            f"{word} {bound}" for word, bound in (("from", self.minimum), ("to", self.maximum)) if bound is not None
        ]
        return " ".join(["a size such as 512MiB or 2GiB", *([f"({' '.join(bounds)} bytes)"] if bounds else [])])

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """Bytes as an int."""
        if isinstance(value, Scalar) and value.type in ("int", "str"):
            try:
                size = size_of(value.text)
            except ValueError:
                return refuse(value, reader, path, self.what)
            if (self.minimum or 0) <= size and (self.maximum is None or size <= self.maximum):
                return size
        return refuse(value, reader, path, self.what)

    def schema(self) -> dict[str, Any]:
        """A number of bytes or a text with a unit."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]{1,15} *[KMGTkmgt]?(i?[Bb])?$"},
            ]
        }


def _wrong(value: Value, path: str) -> str:
    return f"{path.rpartition('.')[2]} is {described(value)}"


def refuse(value: Value, reader: Reader, path: str, expected: str) -> _Bad:
    """Note that a value is not of a kind."""
    reader.problems.add(value.mark, _wrong(value, path), expected)
    return BAD
