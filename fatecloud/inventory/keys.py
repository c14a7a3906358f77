"""Explains one key of the inventory: its values, its default, and the keys below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fatecloud.components.registry import all_components
from fatecloud.errors import NoMatch
from fatecloud.inventory.kinds import Kind
from fatecloud.inventory.schema import inventory_section
from fatecloud.inventory.sections import Field, Named, Section
from fatecloud.model.nearest import nearest

NAME = "<name>"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the inventory."""

    path: str
    """Dotted; `<name>` is a name of the operator's choice."""
    takes: str
    default: str
    """`required`, or the default in words; empty if there is none."""
    meaning: str


def explain_key(path: str) -> tuple[Key, tuple[Key, ...]]:
    """A key, and the keys directly below it.

    Args:
        path: `nodes.ssh`, `nodes.a1.ssh.user`: names that the operator chose may be left out.

    Raises:
        NoMatch: there is no such key.
    """
    section = inventory_section(all_components())
    field, written = Field(section, "The inventory."), ""
    words = [word for word in path.split(".") if word]
    while words:
        word = words.pop(0)
        inner, is_named = _inner(field.kind)
        lead = f"{written}.{NAME}" if is_named else written
        if inner is not None and word in inner.fields:
            field, written = inner.fields[word], f"{lead}.{word}".lstrip(".")
        elif not (is_named and words):  # the first of several words below a named table is the operator's name
            near = nearest(path.replace(f".{NAME}", ""), keys())
            hint = f"; did you mean {near!r}?" if near else ""
            known = ", ".join(inner.fields) if inner else "nothing"
            raise NoMatch(
                f"the inventory has no key {path!r}{hint}", remedy=f"{written or 'at the top there'} has: {known}"
            )
    inner, is_named = _inner(field.kind)
    lead = f"{written}.{NAME}." if is_named else f"{written}." if written else ""
    below = inner.fields.items() if inner else ()
    return _key(written, field), tuple(_key(lead + name, below_it) for name, below_it in below)


def keys() -> tuple[str, ...]:
    """Every key that `explain_key` accepts, without the names that operators choose."""
    return tuple(_below(inventory_section(all_components()), ""))


def _below(section: Section, lead: str) -> Iterator[str]:
    for name, field in section.fields.items():
        yield lead + name
        inner, _ = _inner(field.kind)
        if inner is not None:
            yield from _below(inner, f"{lead}{name}.")


def _inner(kind: Kind) -> tuple[Section | None, bool]:
    """The keys below, and whether a name of the operator's choice is in between."""
    if isinstance(kind, Named):
        return _inner(kind.kind)[0], True
    return (kind, False) if isinstance(kind, Section) else (None, False)


def _key(path: str, field: Field) -> Key:
    inner, is_named = _inner(field.kind)
    takes = field.kind.what if inner is None else "names of your choice, each with keys" if is_named else "keys"
    return Key(path, takes, "required" if field.required else field.default, field.doc)
