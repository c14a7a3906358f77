"""The kinds that contain other kinds: sections with known keys, tables with names of the operator's choice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.inventory.document import Table, Value
from fatecloud.inventory.kinds import BAD, Kind, Reader, Text, described
from fatecloud.inventory.problems import one_of, short


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a section."""

    kind: Kind
    doc: str
    required: bool = False
    default: str = ""
    """The default in words, for the documentation."""
    make: Callable[[], str] | None = None
    """Generates a value that the operator can paste, for a key that needs a random one."""


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping with known keys; reads into a dict of the keys that are present and valid."""

    what: str
    fields: Mapping[str, Field]

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A dict with an entry for each key that is present and valid, or BAD if it is not a mapping."""
        if not isinstance(value, Table):
            return refuse_shape(value, reader, path, self.what)
        found = {}
        for name, (key, inner) in value.entries.items():
            declared = self.fields.get(name)
            below = f"{path}.{name}" if path else name
            reader.places[below] = key.mark
            if declared is None:
                reader.problems.add(key.mark, f"unknown key {short(name)!r}", one_of(self.fields), name, self.fields)
                continue
            read = declared.kind.read(inner, reader, below)
            if read is not BAD:
                found[name] = read
        for name, declared in self.fields.items():
            if declared.required and name not in value.entries:
                expected = (
                    f"a new one, such as this line: {name}: {declared.make()}" if declared.make else declared.kind.what
                )
                reader.problems.add(reader.at(path), f"{path or 'the file'} has no {name}", expected)
        return found

    def schema(self) -> dict[str, Any]:
        """An object without further properties."""
        properties = {}
        for name, declared in self.fields.items():
            doc = f"{declared.doc} Default: {declared.default}." if declared.default else declared.doc
            properties[name] = {"description": doc, **declared.kind.schema()}
        required = sorted(name for name, declared in self.fields.items() if declared.required)
        schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
        return schema | ({"required": required} if required else {})


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping from names that the operator chooses; reads into a dict with every name, BAD values included."""

    what: str
    name: Text
    kind: Kind
    least: int = 1

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A dict name -> value (BAD for a refused one), or BAD if it is not a mapping."""
        if not isinstance(value, Table):
            return refuse_shape(value, reader, path, self.what)
        found = {}
        for name, (key, inner) in value.entries.items():
            below = f"{path}.{name}"
            reader.places[below] = key.mark
            if not re.fullmatch(self.name.pattern, name):
                reader.problems.add(key.mark, f"the name {short(name)!r} cannot be used", self.name.what)
            elif key.type != "str":
                reader.problems.add(key.mark, f"the name {name} is not quoted", f'"{name}", a text')
            found[name] = self.kind.read(inner, reader, below)
        if len(found) < self.least:
            reader.problems.add(value.mark, f"{path} is empty", self.what)
        return found

    def schema(self) -> dict[str, Any]:
        """An object with a pattern for its names."""
        return {
            "type": "object",
            "minProperties": self.least,
            "additionalProperties": False,
            "patternProperties": {f"^(?:{self.name.pattern})$": self.kind.schema()},
        }


def refuse_shape(value: Value, reader: Reader, path: str, expected: str) -> Any:
    """Note that a value has the wrong shape, and return BAD."""
    reader.problems.add(value.mark, f"{path.rpartition('.')[2] or 'the file'} is {described(value)}", expected)
    return BAD
