"""The settings of a party's components: what the operator wrote, then the release's word, then the built-in default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.inventory.component_settings import flatten
from fatecloud.inventory.kinds import Reader, endpoint_of, size_of
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.placement import Placement
from fatecloud.inventory.problems import one_of
from fatecloud.model.component import Component, ConfigKey

Settings = dict[str, dict[str, Any]]


def settle(
    party: str,
    written: Mapping[str, Any],
    placement: Placement,
    components: Mapping[str, Component],
    reader: Reader,
    origins: Origins,
) -> Settings:
    """Every setting of every placed component, flat dotted keys, `ports.<name>` among them."""
    for name in written:
        if name not in placement and f"parties.{party}.services.{name}" not in reader.places:
            mark = reader.at(f"parties.{party}.config.{name}")
            reader.problems.add(mark, f"party {party} has no {name} to set", one_of(sorted(placement)), name, placement)
    return {name: _component(party, components[name], written.get(name, {}), origins) for name in placement}


def _component(party: str, component: Component, written: Mapping[str, Any], origins: Origins) -> dict[str, Any]:
    given = flatten(written)
    built_in = {key.name: _default(key) for key in component.config}
    built_in |= {f"ports.{port.name}": port.default for port in component.ports}
    for name, default in built_in.items():
        path = f"parties.{party}.config.{component.name}.{name}"
        if name in given:
            origins.written(path)
        else:
            origins.derived(path, "derived" if default is None else "built in")
    return {name: given.get(name, default) for name, default in built_in.items()}


def _default(key: ConfigKey) -> Any:
    """The default as the model holds it: sizes in bytes, endpoints as endpoints."""
    if isinstance(key.default, str) and key.type == "size":
        return size_of(key.default)
    if isinstance(key.default, str) and key.type == "endpoint":
        return endpoint_of(key.default)
    return key.default
