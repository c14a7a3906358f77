"""The settings of an owner's components: the operator's value, then the release's, then the built-in default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.inventory.addresses import endpoint_of
from fatecloud.inventory.component_settings import derived_text, flatten
from fatecloud.inventory.draft import Draft
from fatecloud.inventory.kinds import size_of
from fatecloud.inventory.problems import one_of
from fatecloud.model.component import Component, ConfigKey
from fatecloud.model.owner import FromGroup
from fatecloud.model.release import Release

Settings = dict[str, dict[str, Any]]


def settle(draft: Draft, written: Mapping[str, Any]) -> Settings:
    """Every setting of every component that the owner has, by flat dotted keys, including `ports.<name>`.

    Args:
        draft: with its placement.
        written: the section `config`.
    """
    there = [name for name in draft.owner.placement if draft.owner.instances(name)]
    for name in written:
        if name in draft.owner.placement and name not in there:
            where = draft.owner.placement[name]
            whose = f"that of group {where.group}" if isinstance(where, FromGroup) else "external"
            draft.refuse(
                f"config.{name}", f"{name} of {draft.owner.title} is {whose}, so others set it", "no such section"
            )
        elif name not in there and not draft.is_written(f"services.{name}"):
            what = f"{draft.owner.title} has no {name} to set"
            draft.refuse(f"config.{name}", what, one_of(there), name, there)
    return {name: _component(draft, draft.components[name], flatten(written.get(name, {}))) for name in there}


def _component(draft: Draft, component: Component, given: dict[str, Any]) -> dict[str, Any]:
    settings = {key.name: _typed(key, key.default) for key in component.config}
    settings |= {f"ports.{port.name}": port.default for port in component.ports}
    _refuse_others(draft, component, f"config.{component.name}", given, settings)
    for placed in draft.owner.instances(component.name):
        own = f"services.{component.name}.{placed.node}.config"
        _refuse_others(draft, component, own, placed.config, settings)
        for name in placed.config:
            draft.origins.written(draft.path(f"{own}.{name}"))
    nodes = [draft.nodes[placed.node] for placed in draft.owner.instances(component.name)]
    derived = {key.name: derived_text(key, nodes) for key in component.config}
    released = _released(component, draft.release)
    for name, default in settings.items():
        path = draft.path(f"config.{component.name}.{name}")
        if name in given:
            draft.origins.written(path)
        elif name in released and draft.release is not None:
            draft.origins.derived(path, f"release {draft.release.name}")
        else:
            draft.origins.derived(path, derived.get(name, "derived") if default is None else "built in")
    return settings | released | given


def _refuse_others(
    draft: Draft, component: Component, path: str, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Note settings that another generation of the component has, and this release's has not."""
    for name in given:
        if name not in settings:
            version = draft.release.components.get(component.name, "") if draft.release else ""
            what = f"{component.name} {version} has no setting {name}"
            draft.refuse(f"{path}.{name}", what, one_of(sorted(settings)), name, settings)


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
