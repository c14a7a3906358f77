"""No two services of a node may listen on the same port."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Party
from fatecloud.model.component import Component


def refuse_clashes(parties: Mapping[str, Party], components: Mapping[str, Component], reader: Reader) -> None:
    """Note each port that two services of a node would share, with the key that gives one of them another."""
    taken: dict[tuple[str, int], str] = {}
    numbers: dict[str, set[int]] = {}
    for party in parties.values():
        for component, where in party.placement.items():
            if not isinstance(where, tuple):
                continue
            for port in components[component].ports:
                number = party.config[component][f"ports.{port.name}"]
                owner = f"{party.id}/{component} ({port.name})"
                for node in where:
                    numbers.setdefault(node, set()).add(number)
                    first = taken.setdefault((node, number), owner)
                    if first != owner:
                        free = _free(number, numbers[node])
                        _note(
                            party.id,
                            component,
                            port.name,
                            f"port {number} of {node} is wanted by {first} and {owner}",
                            free,
                            reader,
                        )


def _note(party: str, component: str, port: str, what: str, free: int, reader: Reader) -> None:
    setting = f"parties.{party}.config.{component}.ports.{port}"
    mark = reader.places.get(setting) or reader.at(f"parties.{party}.services.{component}")
    override = f'parties: {{"{party}": {{config: {{{component}: {{ports: {{{port}: {free}}}}}}}}}}}'
    reader.problems.add(mark, what, f"another one, for example {override}")


def _free(number: int, used: set[int]) -> int:
    """The next port that no service of the node seen so far uses."""
    candidate = number + 10 if number + 10 < 65536 else 20000  # noqa: PLR2004 - end of the TCP port range
    while candidate in used:
        candidate += 1
    used.add(candidate)
    return candidate
