"""A first inventory, made from a shipped example."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.errors import UsageError
from fatecloud.inventory.document import Scalar, Table, Value, parse
from fatecloud.inventory.problems import Problems, nearest, one_of
from fatecloud.shipped import folder


def templates() -> tuple[str, ...]:
    """Names of the shipped examples, sorted."""
    return tuple(sorted(path.stem for path in folder("inventories").glob("*.yml")))


def starter_text(template: str, addresses: Mapping[str, str]) -> str:
    """The example's text with other addresses.

    Args:
        template: one of `templates()`.
        addresses: node name -> address; nodes that are not named keep the example's.

    Raises:
        UsageError: no such template, or it has no such node.
    """
    if template not in templates():
        raise UsageError(f"unknown template {template!r}, expected {one_of(templates())}{_hint(template, templates())}")
    text = (folder("inventories") / f"{template}.yml").read_text(encoding="utf-8")
    places = _addresses(parse(text, Problems(template)))
    lines = text.split("\n")
    for name, address in addresses.items():
        if name not in places:
            raise UsageError(f"template {template} has no node {name!r}, only {one_of(places)}{_hint(name, places)}")
        old = places[name]
        line, start = lines[old.mark.line - 1], old.mark.column - 1
        # No address of an example stands in quotes, so its text is as long as what stands in the line.
        lines[old.mark.line - 1] = f"{line[:start]}{_quoted(address)}{line[start + len(old.text) :]}"
    return "\n".join(lines)


def _addresses(root: Value) -> dict[str, Scalar]:
    found = {}
    nodes = root.entries["nodes"][1] if isinstance(root, Table) else root
    for name, (_, node) in nodes.entries.items() if isinstance(nodes, Table) else ():
        address = node.entries["address"][1] if isinstance(node, Table) else node
        if isinstance(address, Scalar):
            found[name] = address
    return found


def _quoted(address: str) -> str:
    return f'"{address}"' if ":" in address else address


def _hint(word: str, words: object) -> str:
    close = nearest(word, words if isinstance(words, (dict, tuple)) else ())
    return f"; did you mean {close!r}?" if close else ""
