"""An owner while its sections of the inventory are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from fatecloud.inventory.kinds import Reader
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.problems import one_of
from fatecloud.model.component import Component
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.release import Release


class NodeNames:
    """The names of all nodes. Made once for all owners, because a file may name thousands of unknown nodes."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.all = tuple(nodes)

    @cached_property
    def one_of(self) -> str:
        """As words in a sentence."""
        return one_of(self.all)


@dataclass(frozen=True, slots=True)
class Draft:
    """An owner of which only id, kind, release and architecture are known, and what is needed to fill in the rest."""

    owner: Owner
    nodes: Mapping[str, Node]
    """All nodes by name."""
    names: NodeNames
    components: Mapping[str, Component]
    """All components by name, as its release has them."""
    release: Release | None
    """None if it is unknown, so that nothing is checked against it."""
    reader: Reader
    origins: Origins

    def having(self, **changes: Any) -> Draft:
        """The same with these fields of the owner filled in."""
        return replace(self, owner=replace(self.owner, **changes))

    def path(self, below: str) -> str:
        """The dotted path of something of the owner: `parties.9999.services.flow`."""
        return f"{self.owner.path}.{below}"

    def is_written(self, below: str) -> bool:
        """Whether the operator wrote that."""
        return self.path(below) in self.reader.places

    def refuse(self, below: str, what: str, expected: str, got: str = "", words: Iterable[str] = ()) -> None:
        """Note a problem there, see `Problems.add`."""
        self.reader.problems.add(self.reader.at(self.path(below)), what, expected, got, words)
