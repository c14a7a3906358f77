"""Refuses two services of a node that listen on the same port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Party
from fatecloud.model.component import Component

_FIRST_PORT, _LAST_PORT = 1024, 65535
"""Range of the suggested ports."""
_STEP = 10
"""Distance of the suggested port: far enough from a component's other ports, but close enough to be recognised."""


class _Listener(NamedTuple):
    node: str
    number: int
    party: str
    component: str
    port: str

    def __str__(self) -> str:
        return f"{self.party}/{self.component} ({self.port})"

    @property
    def setting(self) -> str:
        return f"parties.{self.party}.config.{self.component}.ports.{self.port}"


def refuse_clashes(parties: Mapping[str, Party], components: Mapping[str, Component], reader: Reader) -> None:
    """Note each port that two services of a node would share, with the key that sets another one."""
    listeners = list(_listeners(parties, components))
    used = {(listener.node, listener.number) for listener in listeners}
    suggestions: dict[tuple[str, int], Iterator[int]] = {}
    taken: dict[tuple[str, int], _Listener] = {}
    for listener in listeners:
        first = taken.setdefault((listener.node, listener.number), listener)
        if first is listener:
            continue
        # If the operator chose only the first port, that is the one to change.
        blamed = first if first.setting in reader.places and listener.setting not in reader.places else listener
        mark = reader.places.get(blamed.setting) or reader.at(f"parties.{blamed.party}.services.{blamed.component}")
        what = f"port {listener.number} of {listener.node} is wanted by {first} and {listener}"
        wanted = listener.node, listener.number
        free = next(suggestions.setdefault(wanted, _free(*wanted, used)), None)
        setting = f"{blamed.component}: {{ports: {{{blamed.port}: {free}}}}}"
        example = f', for example parties: {{"{blamed.party}": {{config: {{{setting}}}}}}}' if free else ""
        reader.problems.add(mark, what, f"another one{example}")


def _listeners(parties: Mapping[str, Party], components: Mapping[str, Component]) -> Iterator[_Listener]:
    for party in parties.values():
        for component, where in party.placement.items():
            for node in where if isinstance(where, tuple) else ():
                for port in components[component].ports:
                    number = party.config[component][f"ports.{port.name}"]
                    yield _Listener(node, number, party.id, component, port.name)


def _free(node: str, wanted: int, used: set[tuple[str, int]]) -> Iterator[int]:
    """Ports that no service of the node uses and that were not suggested before, those near the wanted one first."""
    for number in (*range(wanted + _STEP, _LAST_PORT + 1), *range(_FIRST_PORT, wanted)):
        if (node, number) not in used:
            used.add((node, number))
            yield number
