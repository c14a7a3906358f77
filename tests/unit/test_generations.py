"""Generations of a component: the version in the catalogue chooses, and a check belongs to those that declare it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from inventory_fakes import GOOD

from fatecloud import catalogue, components
from fatecloud.components import declared, registry
from fatecloud.components.registry import all_components, by_kind, component_of, generations
from fatecloud.errors import InventoryError
from fatecloud.inventory.loader import load
from fatecloud.model.component import ConfigKey
from fatecloud.model.release import DISTRIBUTION

SHARED = """\
from fatecloud.model.check import Code, service_check

CODE = Code("TWICE_DOWN", "critical", "It is down.", "test")

@service_check(CODE, component="twice")
def both(view):
    return ()
"""
DESCRIPTOR = """\
from fatecloud.model.component import Component, ConfigKey, PortSpec

COMPONENT = Component(
    name="twice", summary="Two generations.", architectures=(), want=None,
    config=(ConfigKey("size", "int", {size}, "Size.", 1, 9), ConfigKey("{own}", "bool", False, "Its own.")),
    ports=(PortSpec("http", {port}, "HTTP."),),
)
"""
CHECKS = """\
from fatecloud.components.twice.shared import CODE, both
from fatecloud.model.check import service_check

@service_check(CODE, component="twice")
def only_{part}(view):
    return ()
"""
CHECKS_OF_ALL = """\
from fatecloud.model.check import service_check
from .shared import CODE

@service_check(CODE, component="twice")
def every(view):
    return ()
"""
CACHES = (generations, all_components, by_kind, declared.component_checks, declared.component_preflight)


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A component of which 1.x, 1.10 and 2.x differ."""
    place = tmp_path / "twice"
    place.mkdir()
    (place / "__init__.py").write_text('GENERATIONS = {"1": "v1", "1.10": "v1_10", "2": "v2"}\n')
    (place / "shared.py").write_text(SHARED)
    (place / "checks.py").write_text(CHECKS_OF_ALL)
    for number, part in enumerate(("v1", "v1_10", "v2"), 1):
        (place / part).mkdir()
        (place / part / "__init__.py").write_text(DESCRIPTOR.format(size=number, own=f"of_{part}", port=number))
        (place / part / "checks.py").write_text(CHECKS.format(part=part) if part != "v1" else "")
    monkeypatch.setattr(components, "__path__", [*components.__path__, str(tmp_path)])
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize(
    ("version", "part"),
    [("1.4.6", "v1"), ("1.1", "v1"), ("1.10.2", "v1_10"), ("1.10", "v1_10"), ("2.2.0", "v2"), (DISTRIBUTION, "v2")],
)
def test_the_version_chooses_by_its_first_numbers(version: str, part: str) -> None:
    chosen = component_of("twice", version)
    assert (chosen.generation, chosen.kind) == (part, f"twice/{part}")
    assert by_kind()[chosen.kind] == chosen


@pytest.mark.usefixtures("twice")
def test_an_inventory_may_have_the_keys_of_every_generation_and_the_newest_gives_the_defaults() -> None:
    united = all_components()["twice"]
    assert {key.name: key.default for key in united.config} == {
        "size": 3,
        "of_v2": False,
        "of_v1_10": False,
        "of_v1": False,
    }
    assert [port.default for port in united.ports] == [3]


@pytest.mark.usefixtures("twice")
def test_a_check_judges_the_generations_that_declare_it() -> None:
    kinds = {spec.name: spec.kinds for spec in declared.component_checks() if spec.component == "twice"}
    assert kinds == {
        "both": {"twice/v1_10", "twice/v2"},
        "every": {"twice/v1", "twice/v1_10", "twice/v2"},
        "only_v1_10": {"twice/v1_10"},
        "only_v2": {"twice/v2"},
    }


def test_a_key_of_another_generation_is_refused_with_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = all_components()["flow"]
    former = ConfigKey("schedulers", "int", 1, "What an older flow had.", 1, 9)
    united = {**all_components(), "flow": replace(flow, config=(*flow.config, former))}
    monkeypatch.setattr("fatecloud.inventory.loader.all_components", lambda: united)
    file = tmp_path / "inventory.yml"
    file.write_text(GOOD.replace("computing: {cores: 16}", "schedulers: 2"))
    with pytest.raises(InventoryError, match=r"22:9: flow 2\.2\.0 has no setting schedulers, expected"):
        load(file)


def test_every_version_in_the_catalogue_has_its_generation() -> None:
    for name in catalogue.names():
        for component, version in catalogue.load(name).components.items():
            if component in registry.packages() and version != DISTRIBUTION:
                found = generations(component)
                assert any(f"{version}.".startswith(f"{numbers}.") for numbers in found if numbers) or "" in found


def test_a_key_or_port_has_one_form_in_all_generations() -> None:
    for name in registry.packages():
        forms: dict[str, object] = {}
        for component in generations(name).values():
            for key in component.config:
                form = (key.type, key.minimum, key.maximum, key.choices)
                assert forms.setdefault(key.name, form) == form
            for port in component.ports:
                form_of_port = (port.public, port.loopback)
                assert forms.setdefault(f"ports.{port.name}", form_of_port) == form_of_port
