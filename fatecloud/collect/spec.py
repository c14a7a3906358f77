"""What the collector is asked for on one node, derived from the desired state. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from posixpath import dirname
from typing import Any

from fatecloud.model.access import folders_of
from fatecloud.model.accounts import owner_of
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.layout import for_collector, logs_of, mark_copy_of, started_of
from fatecloud.model.node import Node
from fatecloud.model.runtime import GC_LOG, JavaRuntime
from fatecloud.model.service import NodeProbe

DEADLINE = 20.0
"""Seconds that a collector has for all its readings by default."""


def spec_for(
    desired: Desired,
    node: str,
    *,
    want: Collection[str] = (),
    probes: bool = True,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The collector's spec for a node, as a JSON document.

    Args:
        desired: the whole cluster.
        node: name of the node.
        want: names of the facts to read; empty for all.
        probes: whether to ask the services' probes too.
        extra: more to read, by key of the spec: `sysctl`, `tools`, `packages`, `paths`, `users`, `files` are joined
            with what the services need, `probes` follow theirs; any other key is set (`store`, `foreign`).

    Raises:
        KeyError: there is no node of that name.
    """
    place, services = desired.node(node), desired.on_node(node)
    extra = dict(extra or {})
    early = extra.pop("probes", None)
    spec: dict[str, Any] = {
        "layout": for_collector(place.paths.base),
        "deadline": DEADLINE,
        "want": sorted(want),
        "owner": owner_of(place).user,
        "python": place.python,
        "files": _files(desired, node, services),
        "folders": _folders(desired, place, services),
        "services": [_service(service, place) for service in services],
        "directives": sorted({directive for service in services for directive in service.protections}),
        "filters": {service.id.key: service.filter.table for service in services if service.filter},
        "probes": [question_of(s, p) for s in services for p in s.probes if probes] + (early or []),
        "paths": sorted({place.paths.base, place.paths.data, place.paths.logs}),
        "users": sorted({owner_of(place).user, *(s.user for s in services)}),
        "packages": [],
        "family_packages": _by_family([s.packages for s in services]),
        "sysctl": [],
        "tools": [],
        "store": {"artifacts": []},
        "homes": sorted({dirname(path) for service in services for path in service.markers}),
        "javas": [service.id.key for service in services if isinstance(service.runtime, JavaRuntime)],
        "foreign": {"units": sorted({u for s in services for units in s.masks.values() for u in units})},
    }
    for key, value in extra.items():
        spec[key] = sorted({*spec[key], *value}) if isinstance(spec.get(key), list) else value
    return spec


def _files(desired: Desired, node: str, services: tuple[DesiredService, ...]) -> list[str]:
    paths = {spec.path for spec in desired.node_specs.get(node, ())}
    paths |= {spec.path for service in services for spec in service.specs}
    paths |= {path for service in services for path in service.markers}
    paths |= {service.objects.applied for service in services if service.objects}
    return sorted(paths)


def _folders(desired: Desired, node: Node, services: tuple[DesiredService, ...]) -> list[str]:
    return sorted({path for owner in (None, *services) for path in folders_of(desired, node, owner)})


def _service(service: DesiredService, node: Node) -> dict[str, Any]:
    logs = {log.path: log.levels for log in service.logs}
    if service.process.console:
        logs.setdefault(service.process.console, False)
    return {
        "key": service.id.key,
        "unit": service.id.unit,
        "slug": service.id.slug,
        "supervision": node.supervision,
        "home": service.home,
        "started": started_of(service.home),
        "places": {"data": service.data, "logs": logs_of(node, service.id)},
        "data": service.data if service.signs else "",
        "copy": mark_copy_of(node, service.id),
        "signs": list(service.signs),
        "filled": service.objects.within(service.data) if service.objects else "",
        "twin": service.process.twin,
        "console": service.process.console,
        "gc": f"{logs_of(node, service.id)}/{GC_LOG}" if isinstance(service.runtime, JavaRuntime) else "",
        "ports": [port.number for port in service.ports],
        "logs": [{"path": path, "levels": levels} for path, levels in sorted(logs.items())],
    }


def question_of(service: DesiredService, probe: NodeProbe, *, early: bool = False, account: str = "") -> dict[str, Any]:
    """A probe as the collector takes it.

    Args:
        early: whether the collector's own user asks, because the service's may not exist yet.
        account: text in place of the probe's `account`, if it has one; the collector passes it on in memory.
    """
    user = service.user if probe.user == "service" else "root"
    return {
        "id": f"{service.id.key}:{probe.name}",
        "argv": [account if early and word and word == probe.account else word for word in probe.argv],
        "stdin": probe.stdin,
        "timeout": probe.timeout,
        "libraries": probe.libraries,
        "user": None if early else user,
    }


def _by_family(tables: Collection[Mapping[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    families = sorted({family for table in tables for family in table})
    return {family: sorted({name for table in tables for name in table.get(family, ())}) for family in families}
