"""A first inventory, made from a shipped example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from fatecloud.errors import UsageError
from fatecloud.inventory.document import Scalar, Table, Value, parse
from fatecloud.inventory.problems import Problems, nearest, one_of
from fatecloud.shipped import folder


def templates() -> tuple[str, ...]:
    """Names of the shipped examples, sorted."""
    return tuple(sorted(path.stem for path in folder("inventories").glob("*.yml")))


def starter_text(template: str, addresses: Mapping[str, str], base: str = "") -> str:
    """The example's text with other addresses, and another base directory where one is given.

    Args:
        template: one of `templates()`.
        addresses: node name -> address; nodes that are not named keep the example's.
        base: directory on the nodes, absolute.

    Raises:
        UsageError: no such template, or it has no such node.
    """
    if template not in templates():
        raise UsageError(f"unknown template {template!r}, expected {one_of(templates())}{_hint(template, templates())}")
    text = (folder("inventories") / f"{template}.yml").read_text(encoding="utf-8")
    root = parse(text, Problems(template))
    nodes = _child(root, "nodes")
    names = tuple(nodes.entries) if isinstance(nodes, Table) else ()
    changes = {}
    for name, address in addresses.items():
        if name not in names:
            raise UsageError(f"template {template} has no node {name!r}, only {one_of(names)}{_hint(name, names)}")
        changes[name, "address"] = (_child(_child(nodes, name), "address"), address)
    if base:
        changes["defaults", "base"] = (_child(_child(_child(root, "defaults"), "paths"), "base"), base)
    return _replaced(text, changes.values())


def _child(value: Value, key: str) -> Value:
    if not isinstance(value, Table):
        raise TypeError(f"an example has no mapping around {key}")
    return value.entries[key][1]


def _replaced(text: str, changes: Iterable[tuple[Value, str]]) -> str:
    lines = text.split("\n")
    for value, new in changes:
        if isinstance(value, Scalar):
            line, start = lines[value.mark.line - 1], value.mark.column - 1
            # What is replaced stands unquoted and alone in its line, so its text is as long as what is written.
            quoted = new if re.fullmatch(r"[A-Za-z0-9~/._-]+", new) else json.dumps(new)
            lines[value.mark.line - 1] = f"{line[:start]}{quoted}{line[start + len(value.text) :]}"
    return "\n".join(lines)


def _hint(word: str, words: Iterable[str]) -> str:
    close = nearest(word, words)
    return f"; did you mean {close!r}?" if close else ""
