"""Refuses two services of a node that listen on the same port."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fatecloud.inventory.kinds import Reader
from fatecloud.model.component import Component
from fatecloud.model.owner import Owner

_FIRST_PORT, _LAST_PORT = 1024, 65535
"""Range of the suggested ports."""
_STEP = 10
"""Distance of the suggested port: far enough from a component's other ports, but close enough to be recognised."""


class _Listener(NamedTuple):
    node: str
    number: int
    owner: Owner
    component: str
    port: str

    def __str__(self) -> str:
        return f"{self.owner.id}/{self.component} ({self.port})"

    @property
    def settings(self) -> tuple[str, str]:
        """The paths at which the operator may have set it: for this instance, and for all of the component's."""
        key = f"ports.{self.port}"
        of_all = f"{self.owner.path}.config.{self.component}.{key}"
        return f"{self.owner.path}.services.{self.component}.{self.node}.config.{key}", of_all

    def is_chosen(self, reader: Reader) -> bool:
        """Whether the operator set it."""
        return any(path in reader.places for path in self.settings)

    def example(self, number: int) -> str:
        """What an inventory could have instead."""
        section, _, name = self.owner.path.partition(".")
        key = json.dumps(name) if name.isdigit() else name
        setting = f"{self.component}: {{ports: {{{self.port}: {number}}}}}"
        return f"{section}: {{{key}: {{config: {{{setting}}}}}}}"


def refuse_clashes(
    owners: Mapping[str, Owner], components: Mapping[str, Mapping[str, Component]], reader: Reader
) -> None:
    """Note each port that two services of a node would share, with the key that sets another one.

    Args:
        components: of each owner, by its id.
    """
    listeners = list(_listeners(owners, components))
    used = {(listener.node, listener.number) for listener in listeners}
    suggestions: dict[tuple[str, int], Iterator[int]] = {}
    taken: dict[tuple[str, int], _Listener] = {}
    for listener in listeners:
        first = taken.setdefault((listener.node, listener.number), listener)
        if first is listener:
            continue
        # If the operator chose only the first port, that is the one to change.
        blamed = first if first.is_chosen(reader) and not listener.is_chosen(reader) else listener
        written = [reader.places[path] for path in blamed.settings if path in reader.places]
        mark = written[0] if written else reader.at(f"{blamed.owner.path}.services.{blamed.component}")
        what = f"port {listener.number} of {listener.node} is wanted by {first} and {listener}"
        wanted = listener.node, listener.number
        free = next(suggestions.setdefault(wanted, _free(*wanted, used)), None)
        example = f", for example {blamed.example(free)}" if free else ""
        reader.problems.add(mark, what, f"another one{example}")


def _listeners(owners: Mapping[str, Owner], components: Mapping[str, Mapping[str, Component]]) -> Iterator[_Listener]:
    for owner in owners.values():
        for name in owner.placement:
            for placed in owner.instances(name):
                settings = owner.settings(name, placed.node)
                for port in components[owner.id][name].opened(settings):
                    yield _Listener(placed.node, settings[f"ports.{port.name}"], owner, name, port.name)


def _free(node: str, wanted: int, used: set[tuple[str, int]]) -> Iterator[int]:
    """Ports that no service of the node uses and that were not suggested before, those near the wanted one first."""
    for number in (*range(wanted + _STEP, _LAST_PORT + 1), *range(_FIRST_PORT, wanted)):
        if (node, number) not in used:
            used.add((node, number))
            yield number
