"""Two components that a group may have, a release with nothing else, and clusters with that group."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fatecloud import catalogue, components
from fatecloud.components import declared, registry
from fatecloud.inventory.loader import load
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired
from fatecloud.resolve.desired import resolve

RELEASE = """\
name: serving-9.9.9
summary: A keeper, a cache and what reads them.
arch: x86_64
components: {keeper: 3.8.1, cache: distribution, reader: 2.1.7}
minimum: {}
architectures: []
unsupported: {}
"""
HEAD = """\
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.model.component import Component, ConfigKey, PortSpec, SecretSpec, always
from fatecloud.model.service import NodeProbe, PortUse, Process
from fatecloud.model.wanted import Wanted

def wanted(ctx, edges=(), **facts):
    names = [port.name for port in COMPONENT.ports]
    return Wanted(
        process=Process(("/bin/true",), environment={name: str(value) for name, value in facts.items()}),
        files=(), directories={}, edges=edges, readiness="up",
        probes=tuple(NodeProbe(name, ("/bin/true",), carries=1400) for name in ("up", "keeper", "cache")),
        ports=tuple(PortUse(name, ctx.port(name), ctx.listen(name).host) for name in names),
    )
"""
KEEPER = """
def want(ctx):
    peers = edges_to(ctx, "keeper", "peer", "peer", probe="keeper", hard=False)
    return wanted(ctx, peers, size=ctx.config["size"])

COMPONENT = Component(
    name="keeper", summary="A keeper", architectures=(), many=True, groups=True, want=want,
    config=(ConfigKey("size", "int", 5, "Size.", 1, 99), ConfigKey("bind", "host", None, "Address.")),
    ports=(
        PortSpec("client", 2181, "Clients.", clients=("reader",)),
        PortSpec("peer", 2888, "Peers.", clients=("keeper",)),
    ),
)
"""
CACHE = """
COMPONENT = Component(
    name="cache", summary="A cache", architectures=(), groups=True, want=lambda ctx: wanted(ctx),
    config=(), ports=(PortSpec("data", 6379, "Data.", clients=("reader",)),),
    secrets=always(SecretSpec("cache.password", "Password.")),
)
"""
READER = """
def want(ctx):
    edges = (
        *edges_to(ctx, "keeper", "client", "keeper", probe="keeper", choose=ctx.config["choose"]),
        *edges_to(ctx, "cache", "data", "cache", probe="cache"),
    )
    return wanted(ctx, edges, password=ctx.secret("cache.password", of="cache"),
                  keepers=",".join(map(str, ctx.endpoints("keeper", "client"))))

COMPONENT = Component(
    name="reader", summary="A reader", architectures=(), many=True, groups=True, want=want,
    config=(ConfigKey("choose", "str", "all", "Which keepers."),), ports=(PortSpec("http", 8059, "Requests."),),
)
"""
CACHES = (
    registry.generations,
    registry.all_components,
    registry.by_kind,
    declared.component_checks,
    declared.component_preflight,
    catalogue.load,
)

NODES = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000009
nodes:
  n1: {address: 10.0.0.1}
  n2: {address: 10.0.0.2}
  n3: {address: 10.0.0.3}
  f1: {address: 10.0.0.11}
  f2: {address: 10.0.0.12}
"""
GROUP = """\
groups:
  serving:
    release: serving-9.9.9
    services: {keeper: [n1, n2, n3], cache: n1}
"""
PARTIES = """\
release: fate-2.2.0
architecture: rabbitmq
parties:
  "9999": {services: {flow: f1}}
  "10000": {services: {flow: f2}}
"""
ALONE = NODES + GROUP
BESIDE = NODES + PARTIES + GROUP


@contextmanager
def planted(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The components and the release are there."""
    for name, text in {"keeper": KEEPER, "cache": CACHE, "reader": READER}.items():
        (place / "components" / name).mkdir(parents=True)
        (place / "components" / name / "__init__.py").write_text(HEAD + text)
    (place / "catalogue").mkdir()
    (place / "catalogue" / "serving-9.9.9.yaml").write_text(RELEASE)
    monkeypatch.setattr(components, "__path__", [*components.__path__, str(place / "components")])
    monkeypatch.setattr(catalogue, "__path__", [*catalogue.__path__, str(place / "catalogue")])
    _forget()
    yield
    _forget()


def _forget() -> None:
    """What was loaded of other texts with these names."""
    for cache in CACHES:
        cache.cache_clear()
    for name in ("keeper", "cache", "reader"):
        sys.modules.pop(f"{components.__name__}.{name}", None)


def loaded(directory: Path, text: str) -> Cluster:
    """The cluster of an inventory's text."""
    file = directory / "inventory.yml"
    file.write_text(text)
    return load(file)


def resolved(directory: Path, text: str) -> Desired:
    """What should be, by an inventory's text."""
    cluster = loaded(directory, text)
    return resolve(cluster, catalogue.releases_of(cluster))
