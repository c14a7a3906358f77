"""A first inventory, made from a shipped example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fatecloud.errors import UsageError
from fatecloud.inventory.cluster_id import name_from, new_id
from fatecloud.inventory.document import Scalar, Table, Value, parse
from fatecloud.inventory.problems import Problems, one_of
from fatecloud.inventory.words import CLUSTER_NAME
from fatecloud.model.nearest import nearest
from fatecloud.shipped import folder


def templates() -> tuple[str, ...]:
    """Names of the shipped examples, sorted."""
    return tuple(sorted(path.stem for path in folder("inventories").glob("*.yml")))


@dataclass(frozen=True, slots=True)
class Answers:
    """The operator's options for a new inventory; an empty one keeps the value of the example."""

    cluster: str
    """Name of the cluster."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Node name -> address."""
    base: str = ""
    """Directory on the nodes, absolute."""
    user: str = ""
    """Login on the nodes."""
    key: str = ""
    """Private key on this machine for that login."""
    become: str = ""
    """`become` of local nodes."""


def starter_text(template: str, answers: Answers) -> str:
    """The example's text with the operator's answers and a new id.

    Args:
        template: one of `templates()`.

    Raises:
        UsageError: there is no such template, it lacks the node or has no SSH nodes, or the cluster name is invalid.
    """
    if template not in templates():
        raise UsageError(f"unknown template {template!r}, expected {one_of(templates())}{_hint(template, templates())}")
    if not re.fullmatch(CLUSTER_NAME.pattern, answers.cluster):
        raise UsageError(
            f"the cluster name {answers.cluster!r} cannot be used, expected {CLUSTER_NAME.what}",
            remedy=f"for example --cluster {name_from(answers.cluster)}",
        )
    text = (folder("inventories") / f"{template}.yml").read_text(encoding="utf-8")
    root = parse(text, Problems(template))
    nodes = _child(root, "nodes")
    names = tuple(nodes.entries) if isinstance(nodes, Table) else ()
    changes = [(_child(root, "cluster"), answers.cluster), (_child(root, "id"), new_id())]
    for name, address in answers.addresses.items():
        if name not in names:
            raise UsageError(f"template {template} has no node {name!r}, only {one_of(names)}{_hint(name, names)}")
        changes.append((_child(_child(nodes, name), "address"), _quoted(address)))
    defaults = _child(root, "defaults")
    if answers.base:
        changes.append((_child(_child(defaults, "paths"), "base"), _quoted(answers.base)))
    if answers.become:
        places = [_child(_child(nodes, name), "address") for name in names]
        # The examples write a node as {address: ...}, where another key may follow the value.
        changes += [
            (place, f"local, become: {answers.become}")
            for place in places
            if isinstance(place, Scalar) and place.text == "local"
        ]
    if answers.user or answers.key:
        changes.append(_login(template, defaults, answers))
    return _replaced(text, changes)


def with_new_id(text: str, file: str) -> str:
    """An inventory's text with another id; comments and everything else stay.

    Args:
        text: the inventory, with or without an id.
        file: its name, for problems.

    Raises:
        InventoryError: it is not an inventory, or its keys are not on lines of their own.
    """
    problems = Problems(file)
    root = parse(text, problems)
    entries = root.entries if isinstance(root, Table) else {}
    marks = {name: key.mark for name, (key, _) in entries.items()}
    place = marks.get("id") or marks.get("cluster")
    if place is None or place.column != 1:
        problems.stop(root.mark, "the keys of the inventory are not at the beginning of lines", "id: ... on a line")
    assert place is not None  # noqa: S101 - `stop` raises
    lines, line = text.split("\n"), place.line - 1
    if "id" not in marks:
        lines.insert(line + 1, f"id: {new_id()}")
    else:
        comment = re.search(r"\s+#.*", lines[line])
        lines[line] = f"id: {new_id()}{comment[0] if comment else ''}"
    return "\n".join(lines)


def _login(template: str, defaults: Value, answers: Answers) -> tuple[Value, str]:
    if not isinstance(defaults, Table) or "ssh" not in defaults.entries:
        raise UsageError(
            f"template {template} has no nodes with SSH, so it cannot use --user and --key",
            remedy="use another template than all-in-one, or leave out --user and --key",
        )
    user = _child(_child(defaults, "ssh"), "user")
    written = _quoted(answers.user) if answers.user else user.text if isinstance(user, Scalar) else ""
    return user, written + (f", key: {_quoted(answers.key)}" if answers.key else "")


def _child(value: Value, key: str) -> Value:
    if not isinstance(value, Table):
        raise TypeError(f"an example has no mapping around {key}")
    return value.entries[key][1]


def _replaced(text: str, changes: Iterable[tuple[Value, str]]) -> str:
    lines = text.split("\n")
    for value, new in changes:
        if isinstance(value, Scalar):
            line, start = lines[value.mark.line - 1], value.mark.column - 1
            # The examples do not quote these values, so each is as long in the file as its text.
            lines[value.mark.line - 1] = f"{line[:start]}{new}{line[start + len(value.text) :]}"
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9~/._-]+", text) else json.dumps(text)


def _hint(word: str, words: Iterable[str]) -> str:
    close = nearest(word, words)
    return f"; did you mean {close!r}?" if close else ""
