"""How an inventory says where a component is: on a node, on several, or with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.inventory.component_settings import tree_of
from fatecloud.inventory.document import Listing, Scalar, Table, Value
from fatecloud.inventory.kinds import BAD, HOST, PORT, Reader, described
from fatecloud.inventory.problems import Mark
from fatecloud.inventory.references import SECRET
from fatecloud.inventory.sections import Field, Section
from fatecloud.inventory.words import EXTERNAL_ACCOUNT, NODE_NAME
from fatecloud.model.component import Component


@dataclass(frozen=True, slots=True)
class Placed:
    """The placement of a component as written: node names with their positions, or an external service."""

    mark: Mark
    nodes: tuple[tuple[str, Mark], ...] = ()
    external: Mapping[str, Any] | None = None
    """Its keys that are present and valid; None where it is not external."""


def external_section(component: Component) -> Section:
    """What an inventory says of an external service in place of a component."""
    own = tree_of(component.external.keys) if component.external else {}
    return Section(
        "a mapping with host, port, user and password",
        {
            "host": Field(HOST, "Its host.", required=True),
            "port": Field(PORT, "Its port.", required=True),
            "user": Field(EXTERNAL_ACCOUNT, "Account that our services log in with.", required=True),
            "password": Field(SECRET, "Password, as a reference.", required=True),
            **own,
        },
    )


@dataclass(frozen=True, slots=True)
class PlacementKind:
    """A node, a list of nodes, or `{external: ...}`."""

    external: Section
    what: str = "a node, a list of nodes or {external: ...}"

    @property
    def _place(self) -> Section:
        return Section(
            "{external: ...}", {"external": Field(self.external, "A service that others run.", required=True)}
        )

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A Placed."""
        if isinstance(value, Table):
            return Placed(value.mark, external=self._place.read(value, reader, path).get("external", {}))
        items = value.items if isinstance(value, Listing) else [value]
        names = [(item.text, item.mark) for item in items if isinstance(item, Scalar) and item.type == "str"]
        if not items or len(names) < len(items):
            wrong = next((item for item in items if not isinstance(item, Scalar) or item.type != "str"), value)
            reader.problems.add(wrong.mark, f"{path.rpartition('.')[2]} is {described(wrong)}", self.what)
            return BAD
        return Placed(value.mark, tuple(names))

    def schema(self) -> dict[str, Any]:
        """Any of the three forms."""
        name = NODE_NAME.schema()
        return {"anyOf": [name, {"type": "array", "minItems": 1, "items": name}, self._place.schema()]}
