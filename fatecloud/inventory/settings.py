"""The settings of a party's components: the operator's value, then the release's, then the built-in default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.inventory.component_settings import flatten
from fatecloud.inventory.kinds import Reader, endpoint_of, size_of
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.placement import Placement
from fatecloud.inventory.problems import one_of
from fatecloud.model.component import Component, ConfigKey
from fatecloud.model.release import Release

Settings = dict[str, dict[str, Any]]


def settle(
    party: str,
    written: Mapping[str, Any],
    placement: Placement,
    components: Mapping[str, Component],
    release: Release | None,
    reader: Reader,
    origins: Origins,
) -> Settings:
    """Every setting of every component that is placed on a node, by flat dotted keys, including `ports.<name>`."""
    placed = [name for name, where in placement.items() if isinstance(where, tuple)]
    for name in written:
        if name in placement and name not in placed:
            mark = reader.at(f"parties.{party}.config.{name}")
            reader.problems.add(mark, f"{name} of party {party} is external, so others set it", "no such section")
        elif name not in placement and f"parties.{party}.services.{name}" not in reader.places:
            mark = reader.at(f"parties.{party}.config.{name}")
            reader.problems.add(mark, f"party {party} has no {name} to set", one_of(sorted(placement)), name, placement)
    return {
        name: _component(party, components[name], flatten(written.get(name, {})), release, reader, origins)
        for name in placed
    }


def _component(
    party: str,
    component: Component,
    given: dict[str, Any],
    release: Release | None,
    reader: Reader,
    origins: Origins,
) -> dict[str, Any]:
    settings = {key.name: _typed(key, key.default) for key in component.config}
    settings |= {f"ports.{port.name}": port.default for port in component.ports}
    _refuse_others(party, component, given, settings, release, reader)
    released = _released(component, release)
    for name, default in settings.items():
        path = f"parties.{party}.config.{component.name}.{name}"
        if name in given:
            origins.written(path)
        elif name in released and release is not None:
            origins.derived(path, f"release {release.name}")
        else:
            origins.derived(path, "derived" if default is None else "built in")
    return settings | released | given


def _refuse_others(
    party: str,
    component: Component,
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    release: Release | None,
    reader: Reader,
) -> None:
    """Note settings that another generation of the component has, and this release's has not."""
    for name in given:
        if name not in settings:
            version = release.components.get(component.name, "") if release else ""
            mark = reader.at(f"parties.{party}.config.{component.name}.{name}")
            what = f"{component.name} {version} has no setting {name}"
            reader.problems.add(mark, what, one_of(sorted(settings)), name, settings)


def _released(component: Component, release: Release | None) -> dict[str, Any]:
    """The release's own defaults for those keys that the component has."""
    words = flatten(release.defaults.get(component.name, {})) if release is not None else {}
    return {key.name: _typed(key, words[key.name]) for key in component.config if key.name in words}


def _typed(key: ConfigKey, value: Any) -> Any:
    """A default in the form of the model: sizes in bytes, endpoints as Endpoint."""
    if isinstance(value, str) and key.type == "size":
        return size_of(value)
    if isinstance(value, str) and key.type == "endpoint":
        return endpoint_of(value)
    return value
