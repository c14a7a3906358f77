"""A component's settings as a section of the inventory, built from its configuration keys and ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.inventory.addresses import ENDPOINT, HOST, PORT, Networks
from fatecloud.inventory.kinds import Choice, Flag, Kind, Number, Size, Text, Whole
from fatecloud.inventory.sections import Field, Section
from fatecloud.inventory.words import DIRECTORY, FILE
from fatecloud.model.component import Component, ConfigKey
from fatecloud.model.node import Node


def component_section(component: Component) -> Section:
    """A component's settings as nested sections, built from its configuration keys and ports."""
    tree = tree_of(component.config)
    for port in component.ports:
        tree.setdefault("ports", {})[port.name] = Field(PORT, port.doc, default=str(port.default))
    return _nest(tree, f"a mapping with settings of {component.name}")


def tree_of(keys: Iterable[ConfigKey]) -> dict[str, Any]:
    """Fields of keys, those with a dotted name in a mapping of their own."""
    tree: dict[str, Any] = {}
    for key in keys:
        *parents, leaf = key.name.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        default = (
            derived_text(key)
            if key.default is None
            else str(key.default).lower()
            if key.type == "bool"
            else str(key.default)
        )
        branch[leaf] = Field(_setting_kind(key), key.doc, default=default)
    return tree


def _nest(tree: Mapping[str, Any], what: str) -> Section:
    def fields() -> Any:
        for name, entry in tree.items():
            nested = _nest(entry, f"a mapping with settings of {name}") if isinstance(entry, dict) else None
            yield name, Field(nested, f"Settings of {name}.") if nested else entry

    return Section(what, dict(fields()))


def _setting_kind(key: ConfigKey) -> Kind:
    if key.choices:
        return Choice(key.choices)
    if key.type == "int":
        return Whole(key.minimum, key.maximum)
    kinds: dict[str, Kind] = {
        "number": Number(key.minimum, key.maximum),
        "bool": Flag(),
        "size": Size(key.minimum, key.maximum),
        "endpoint": ENDPOINT,
        "host": HOST,
        "networks": Networks(),
        "str": Text("a text"),
        "name": Text("letters, digits, '-' and '_', at most 64", r"[A-Za-z0-9_-]{1,64}"),
        "path": DIRECTORY,
        "file": FILE,
    }
    return kinds[key.type]


def derived_text(key: ConfigKey, nodes: Iterable[Node] = ()) -> str:
    """Where a default of None comes from, for people.

    Args:
        nodes: those of the component. For one with its memory in the inventory, the text says what that gives.
    """
    if not key.share:
        return "derived"
    given = [(node.name, node.memory) for node in nodes if node.memory]
    here = ", ".join(f"{key.share.of(memory) >> 20} MiB on {name}" for name, memory in given)
    return f"derived: {key.share}" + (f": {here}" if here else "")


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
