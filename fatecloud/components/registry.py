"""Finds the components: every package beside this module.

A hyphen in a name is an underscore in that of its package. A package has a `COMPONENT`, or `GENERATIONS`: the first
numbers of a version -> the package below it that has the `COMPONENT` for these versions, the oldest first. The version
in the catalogue chooses. Keys, ports, templates, probes and checks belong to a generation; what generations share is in
the package of the component.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from fatecloud import components
from fatecloud.components.script import package_of
from fatecloud.model.component import Component
from fatecloud.model.computing import SessionApiAt
from fatecloud.model.desired import Desired
from fatecloud.model.jobs import JobApiAt
from fatecloud.model.proof import Proof, ProofKind
from fatecloud.model.publication import PublisherAt
from fatecloud.model.release import Release
from fatecloud.model.serving_api import ModelApiAt
from fatecloud.model.trained import ModelSourceAt, ModelTargetAt


def packages() -> list[str]:
    """Names of the components that have a package beside this module, sorted."""
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(components.__path__) if info.ispkg)


@cache
def generations(name: str) -> Mapping[str, Component]:
    """A component's descriptors by the first numbers of its versions, the oldest first; one without generations has "".

    Raises:
        KeyError: there is no such component.
    """
    if name not in packages():
        raise KeyError(name)
    package = importlib.import_module(f"{components.__name__}.{package_of(name)}")
    below: Mapping[str, str] = getattr(package, "GENERATIONS", {})
    if not below:
        return MappingProxyType({"": package.COMPONENT})
    return MappingProxyType(
        {
            numbers: replace(importlib.import_module(f"{package.__name__}.{part}").COMPONENT, generation=part)
            for numbers, part in below.items()
        }
    )


def component_of(name: str, version: str = "") -> Component:
    """A component as it is in a version; the newest generation for a version that says nothing, such as `distribution`.

    Raises:
        KeyError: there is no such component.
    """
    found = generations(name)
    fitting = [numbers for numbers in found if f"{version}.".startswith(f"{numbers}.")]
    return found[max(fitting, key=len)] if fitting else list(found.values())[-1]


def components_of(versions: Mapping[str, str]) -> Mapping[str, Component]:
    """Every component by name, sorted, as it is in these versions (name -> version, as in a release)."""
    return {name: component_of(name, versions.get(name, "")) for name in packages()}


def components_by_owner(releases: Mapping[str, Release]) -> dict[str, Mapping[str, Component]]:
    """The components of each owner's release, by the owner's id.

    Args:
        releases: likewise.
    """
    return {owner: components_of(release.components) for owner, release in releases.items()}


@cache
def all_components() -> Mapping[str, Component]:
    """Every component by name, sorted, in its newest generation, with the keys and ports that any of them has.

    For what holds whatever the version: names, placement, the forms of an inventory. A key or port of one name is of
    one form in all generations; only its default and its meaning may differ.
    """
    return MappingProxyType({name: _united(list(generations(name).values())) for name in packages()})


def _united(found: list[Component]) -> Component:
    newest_first = found[::-1]
    keys, ports = {}, {}
    for component in newest_first:
        keys.update({key.name: key for key in component.config if key.name not in keys})
        ports.update({port.name: port for port in component.ports if port.name not in ports})
    return replace(newest_first[0], config=tuple(keys.values()), ports=tuple(ports.values()))


@cache
def by_kind() -> Mapping[str, Component]:
    """Every generation of every component by its kind, see `Component.kind`."""
    return MappingProxyType({found.kind: found for name in packages() for found in generations(name).values()})


def job_api(kind: str) -> JobApiAt | None:
    """What asks a service of this kind for its jobs; None where it runs none, or is not known."""
    found = by_kind().get(kind)
    return pkgutil.resolve_name(found.job_api) if found and found.job_api else None


def session_api(kind: str) -> SessionApiAt | None:
    """What asks a service of this kind for its sessions; None where it has none, or is not known."""
    found = by_kind().get(kind)
    return pkgutil.resolve_name(found.session_api) if found and found.session_api else None


def publisher(kind: str) -> PublisherAt | None:
    """What asks a service of this kind for its models; None where it publishes none, or is not known."""
    found = by_kind().get(kind)
    return pkgutil.resolve_name(found.publisher) if found and found.publisher else None


def model_api(desired: Desired) -> ModelApiAt | None:
    """What asks the services that answer with models for them; None where there are none.

    All generations of a component have one: it asks each service as that one can be asked.
    """
    there = (by_kind()[service.kind].model_api for service in desired.services.values())
    return next((pkgutil.resolve_name(name) for name in there if name), None)


def models_from(kind: str) -> ModelSourceAt | None:
    """What gives the trained models of a service of this kind; None where it holds none."""
    found = by_kind().get(kind)
    return pkgutil.resolve_name(found.models_from) if found and found.models_from else None


def models_into(kind: str) -> ModelTargetAt | None:
    """What takes trained models for a service of this kind; None where it takes none."""
    found = by_kind().get(kind)
    return pkgutil.resolve_name(found.models_into) if found and found.models_into else None


def job_cores(kind: str) -> str:
    """The setting that says how many cores the jobs of such a service may have; empty where there is none."""
    found = by_kind().get(kind)
    return found.job_cores if found else ""


def proof_of(kind: ProofKind) -> Proof:
    """What runs a smoke test."""
    run: Proof = pkgutil.resolve_name(kind.run)
    return run
