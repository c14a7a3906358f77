"""Text -> a tree of values with their positions. Built from YAML events, so that depth and aliases are limited."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from fatecloud.inventory.problems import Mark, Problems, short

DEPTH_LIMIT = 32
VALUE_LIMIT = 20_000
"""The most values in a file; an alias counts as often as it is used."""

# Much faster, and not in every build of PyYAML.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS: dict[str, list[tuple[str, Any]]] = yaml.SafeLoader.yaml_implicit_resolvers
_STRING = "str"
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
"""A number to YAML 1.2 and to JSON. PyYAML, which knows 1.1, takes it for a text unless it has a point and a sign."""
_LONGEST_OTHER = 500
"""A longer value is always a text: matching the patterns of numbers and dates against megabytes takes too long."""


@dataclass(slots=True)
class Scalar:
    """A single value as written; `type` is its type in YAML: str, int, float, bool, null, ..."""

    text: str
    type: str
    mark: Mark
    size: int = 1


@dataclass(slots=True)
class Listing:
    """A sequence."""

    mark: Mark
    items: list[Value] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class Table:
    """A mapping: key -> (the key as written, its value)."""

    mark: Mark
    entries: dict[str, tuple[Scalar, Value]] = field(default_factory=dict)
    size: int = 1


Value = Scalar | Listing | Table


def parse(text: str, problems: Problems) -> Value:
    """Build the tree of the only document in the text.

    Duplicate keys, merge keys and tags are noted as problems, and reading continues.

    Raises:
        InventoryError: it is not YAML, has no document or several, is nested too deeply, or its aliases expand too far.
    """
    try:
        builder = _Builder(problems)
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        problems.stop(Mark(place.line + 1, place.column + 1) if place else Mark(1, 1), *_explain(error, text))
    except yaml.YAMLError as error:
        problems.stop(Mark(1, 1), f"not YAML: {' '.join(str(error).split())}")
    if builder.root is None:
        problems.stop(Mark(1, 1), "the file has no content", "an inventory, as `fatecloud init` writes one")
    return builder.root


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[str, str]:
    place = error.problem_mark
    lines = text.splitlines()
    if place is not None and place.line < len(lines):
        line = lines[place.line]
        if "\t" in line[: place.column + 1] or line[: len(line) - len(line.lstrip())].count("\t"):
            return "a tab character", "spaces: YAML does not indent with tabs"
    parts = [part for part in (error.context, error.problem) if part]
    return f"not YAML: {', '.join(parts)}", ""


class _Builder:
    def __init__(self, problems: Problems) -> None:
        self.root: Value | None = None
        self._problems = problems
        self._open: list[Listing | Table] = []
        self._keys: list[Scalar | None] = []
        self._names: list[str | None] = []
        self._anchors: dict[str, Value | None] = {}
        self._documents = 0
        self._values = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
            self._place(Scalar(event.value, self._type(event, mark), mark), event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._start(event, Table if kind is yaml.MappingStartEvent else Listing)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._keys.pop()
            done = self._open.pop()
            self._place(done, self._names.pop())
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                mark = Mark(event.start_mark.line + 1, 1)
                self._problems.stop(mark, "a second document begins here", "one document per file")

    def _type(self, event: Any, mark: Mark) -> str:
        # A tag makes other readers of the same file see another value than this one.
        if event.tag is not None and event.tag != "!":
            self._problems.add(mark, f"the tag {short(event.tag)} is not allowed", "plain YAML")
            return _STRING
        if not event.implicit[0]:
            return _STRING
        text = event.value
        if len(text) > _LONGEST_OTHER:
            return _STRING
        for tag, pattern in _RESOLVERS.get(text[0] if text else "", ()):
            if pattern.match(text):
                return tag.rpartition(":")[2]
        return "float" if _EXPONENT.fullmatch(text) else _STRING

    def _start(self, event: Any, kind: type[Listing | Table]) -> None:
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        if event.tag is not None:
            self._problems.add(mark, f"the tag {short(event.tag)} is not allowed", "plain YAML")
        if len(self._open) >= DEPTH_LIMIT:
            self._problems.stop(mark, f"nested deeper than {DEPTH_LIMIT} levels", "an inventory")
        # Known as not finished, so that an alias inside its own anchor is found.
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(kind(mark))
        self._keys.append(None)
        self._names.append(event.anchor)

    def _alias(self, event: Any) -> None:
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        if event.anchor not in self._anchors:
            self._problems.stop(mark, f"the alias *{short(event.anchor)} has no anchor before it")
        target = self._anchors[event.anchor]
        if target is None:
            self._problems.stop(mark, f"the alias *{short(event.anchor)} is inside its own anchor")
        self._place(target, None)

    def _place(self, value: Value, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = value
        self._values += 1
        if self._values > VALUE_LIMIT or value.size > VALUE_LIMIT:
            self._problems.stop(value.mark, f"more than {VALUE_LIMIT} values (aliases counted)", "an inventory")
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        # An alias costs what it stands for: nested ones grow to millions of values from a few lines.
        parent.size += value.size
        if isinstance(parent, Listing):
            parent.items.append(value)
        else:
            self._place_in_table(parent, value)

    def _place_in_table(self, table: Table, value: Value) -> None:
        key = self._keys[-1]
        if key is not None:
            self._keys[-1] = None
            first = table.entries.get(key.text)
            if first is not None:
                at = f"line {first[0].mark.line}"
                self._problems.add(
                    key.mark, f"duplicate key {short(key.text)!r}", f"each key once: it is already on {at}"
                )
            # A merge would put values at places where the operator did not write them, and errors could not name those.
            elif key.text == "<<":
                self._problems.add(key.mark, "the merge key << is not allowed", "`defaults`, or the keys themselves")
            else:
                table.entries[key.text] = (key, value)
        elif isinstance(value, Scalar):
            self._keys[-1] = value
        else:
            self._problems.stop(value.mark, "a list or mapping as a key", "a word")
