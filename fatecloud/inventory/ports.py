"""No two services of a node may listen on the same port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Party
from fatecloud.model.component import Component

_LAST_PORT = 65535
_STEP = 10
"""Distance of the suggested port: far enough from a component's other ports, near enough to be recognised."""


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
    """Note each port that two services of a node would share, with the key that gives one of them another."""
    listeners = list(_listeners(parties, components))
    used = {(listener.node, listener.number) for listener in listeners}
    taken: dict[tuple[str, int], _Listener] = {}
    for listener in listeners:
        first = taken.setdefault((listener.node, listener.number), listener)
        if first is listener:
            continue
        # Where only the first was chosen by the operator, it is the one to choose again.
        blamed = first if first.setting in reader.places and listener.setting not in reader.places else listener
        mark = reader.places.get(blamed.setting) or reader.at(f"parties.{blamed.party}.services.{blamed.component}")
        what = f"port {listener.number} of {listener.node} is wanted by {first} and {listener}"
        setting = f"{blamed.component}: {{ports: {{{blamed.port}: {_free(listener, used)}}}}}"
        reader.problems.add(
            mark, what, f'another one, for example parties: {{"{blamed.party}": {{config: {{{setting}}}}}}}'
        )


def _listeners(parties: Mapping[str, Party], components: Mapping[str, Component]) -> Iterator[_Listener]:
    for party in parties.values():
        for component, where in party.placement.items():
            for node in where if isinstance(where, tuple) else ():
                for port in components[component].ports:
                    number = party.config[component][f"ports.{port.name}"]
                    yield _Listener(node, number, party.id, component, port.name)


def _free(listener: _Listener, used: set[tuple[str, int]]) -> int:
    """A port that no service of the node uses, not suggested before."""
    number = listener.number + _STEP
    while (listener.node, number) in used or number > _LAST_PORT:
        number = number + 1 if number < _LAST_PORT else 1024
    used.add((listener.node, number))
    return number
