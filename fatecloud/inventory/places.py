"""Where a component is, as the operator writes it: a node, several nodes, another operator's service, or a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.inventory.addresses import HOST, PORT
from fatecloud.inventory.component_settings import component_section, flatten, tree_of
from fatecloud.inventory.document import Listing, Scalar, Table, Value
from fatecloud.inventory.kinds import BAD, Reader, described
from fatecloud.inventory.problems import Mark, one_of, short
from fatecloud.inventory.references import SECRET
from fatecloud.inventory.sections import Field, Section
from fatecloud.inventory.words import EXTERNAL_ACCOUNT, GROUP_NAME, NODE_NAME
from fatecloud.model.component import Component
from fatecloud.model.owner import FromGroup, Placed


@dataclass(frozen=True, slots=True)
class WrittenPlace:
    """The placement of a component as written."""

    mark: Mark
    instances: tuple[tuple[Placed, Mark], ...] = ()
    external: Mapping[str, Any] | None = None
    """Keys of an external service that are present and valid; None where it is not external."""
    group: FromGroup | None = None


_GROUP = Section("{group: NAME}", {"group": Field(GROUP_NAME, "The group that has it.", required=True)})


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A node, `{node: ..., config: ...}`, a list of these, `{external: ...}` or `{group: ...}`."""

    component: Component

    @property
    def what(self) -> str:
        """The forms that the component can have."""
        several = ["a list of nodes"] if self.component.many else []
        external = ["{external: ...}"] if self.component.external else []
        group = ["{group: NAME}"] if self._lent else []
        return one_of(["a node", "{node: ..., config: ...}", *several, *external, *group])

    @property
    def _lent(self) -> bool:
        return self.component.groups and self.component.lent

    @property
    def _instance(self) -> Section:
        settings = Field(component_section(self.component), "Its settings that differ from those of the others.")
        return Section(
            "a node, or a mapping with node and config",
            {"node": Field(NODE_NAME, "Its node.", required=True), "config": settings},
        )

    @property
    def _external(self) -> Section:
        """What an inventory says of an external service in place of the component."""
        own = tree_of(self.component.external.keys) if self.component.external else {}
        fields = {
            "host": Field(HOST, "Its host.", required=True),
            "port": Field(PORT, "Its port.", required=True),
            "user": Field(EXTERNAL_ACCOUNT, "Account that our services log in with.", required=True),
            "password": Field(SECRET, "Password, as a reference.", required=True),
            **own,
        }
        inner = Section("a mapping with host, port, user and password", fields)
        return Section("{external: ...}", {"external": Field(inner, "A service that others run.", required=True)})

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A WrittenPlace."""
        if isinstance(value, Table) and "external" in value.entries:
            return WrittenPlace(value.mark, external=self._external.read(value, reader, path).get("external", {}))
        if isinstance(value, Table) and "group" in value.entries:
            read = _GROUP.read(value, reader, path)
            return (
                WrittenPlace(value.mark, group=FromGroup(read["group"], hard=not self.component.soft))
                if "group" in read
                else BAD
            )
        items = value.items if isinstance(value, Listing) else [value]
        found = [self._read(item, reader, path) for item in items]
        if not items:
            reader.problems.add(value.mark, f"{path.rpartition('.')[2]} is {described(value)}", self.what)
        return BAD if not items or BAD in found else WrittenPlace(value.mark, tuple(found))

    def _read(self, item: Value, reader: Reader, path: str) -> Any:
        """An instance and its position."""
        if isinstance(item, Table):
            if "node" not in item.entries:
                return self._refuse(item, reader, path)
            _, node = item.entries["node"]
            name = node.text if isinstance(node, Scalar) else ""
            read = self._instance.read(item, reader, f"{path}.{name}" if name else path)
            return (Placed(read["node"], flatten(read.get("config", {}))), item.mark) if "node" in read else BAD
        if not isinstance(item, Scalar) or item.type != "str":
            reader.problems.add(item.mark, f"{path.rpartition('.')[2]} is {described(item)}", self.what)
            return BAD
        return Placed(item.text), item.mark

    def _refuse(self, table: Table, reader: Reader, path: str) -> Any:
        """Note what a mapping has instead of one of the keys that it needs one of."""
        keys = ("node", "config", "external", "group")
        for name, (key, _) in table.entries.items():
            if name not in keys:
                reader.problems.add(key.mark, f"unknown key {short(name)!r}", one_of(keys), name, keys)
        if set(table.entries) <= set(keys):
            reader.problems.add(table.mark, f"{path.rpartition('.')[2]} has no node", self.what)
        return BAD

    def schema(self) -> dict[str, Any]:
        """Any of the forms."""
        instance = {"anyOf": [NODE_NAME.schema(), self._instance.schema()]}
        several = {"type": "array", "minItems": 1, "items": instance}
        external = [self._external.schema()] if self.component.external else []
        group = [_GROUP.schema()] if self._lent else []
        return {"anyOf": [*instance["anyOf"], several, *external, *group]}
