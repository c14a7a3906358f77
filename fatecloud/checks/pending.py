"""What the inventory asks for and no deploy has brought yet: that it is missing is right.

Services are judged as they were deployed, as far as the manifest knows that; what differs is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.model.check import PENDING, Unjudged
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.judged import digests, fact_part
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.service import Edge, PortUse

ALL = "*"
"""In `DesiredService.undeployed`: nothing of the service is there."""
NODE = "node"
"""In it too: nothing of its node's services is, and the node's own finding says so."""


class _Facts(dict[str, Any]):
    """The facts of a service, of which some are not deployed yet: who reads one of these gets no value to judge by."""

    def __init__(self, facts: Mapping[str, Any], undeployed: frozenset[str]) -> None:
        super().__init__(facts)
        self._undeployed = undeployed

    def __getitem__(self, name: str) -> Any:
        if fact_part(name) in self._undeployed:
            raise Unjudged(PENDING)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dictionary. Raises Unjudged."""
        try:
            return self[name]
        except KeyError:
            return default


def as_deployed(desired: Desired, observed: Observed) -> Desired:
    """What should be, with each service as it was deployed, while a deploy is pending anywhere in the cluster.

    Anywhere, because a party that was added is asked by services whose own files stay as they are. Where no file
    differs, another question is that of another version of fatecloud, and is asked of what is deployed.
    """
    nodes = {service.id.node for service in desired.services.values()}
    manifests = {name: _manifest(observed, name) for name in nodes}
    added = {key: gone for key, service in desired.services.items() if (gone := _added(desired, observed, service))}
    pending = bool(added) or any(
        manifest is not None and differences(desired, manifest, service)
        for service in desired.services.values()
        if (manifest := manifests[service.id.node]) is not None
    )
    if not pending:
        return desired
    found = {}
    for key, service in desired.services.items():
        manifest = manifests[service.id.node] or {}
        judged = manifest.get("services", {}).get(key, {}).get("judged")
        found[key] = replace(service, undeployed=added[key]) if key in added else _as_recorded(service, judged)
    moved = {key: _moved(service, found[key]) for key, service in desired.services.items()}
    found = {key: replace(s, edges=tuple(_to_deployed(edge, moved) for edge in s.edges)) for key, s in found.items()}
    return replace(desired, services=found)


def differences(desired: Desired, manifest: Mapping[str, Any], service: DesiredService) -> list[str]:
    """How the files and the version of a service differ from what was deployed; compared without secrets."""
    key = service.id.key
    record = manifest.get("services", {}).get(key, {})
    recorded = {path: e for path, e in sorted(manifest.get("files", {}).items()) if e.get("service") == key}
    wanted = {file.path: file for file in desired.files.get(service.id.node, ()) if file.service == key}
    differs = [f"{path} must be written" for path in wanted if path not in recorded]
    differs += [f"{path} must be removed" for path in recorded if path not in wanted]
    differs += [
        f"{path} must be changed"
        for path in wanted
        # By the hash without secrets: a rotation that has begun is not a difference yet.
        if path in recorded and recorded[path]["digest"] != wanted[path].digest
    ]
    if record and record.get("version") not in (None, service.version):
        differs.insert(0, f"version {record['version']} is deployed, {service.version} is wanted")
    return differs


def is_new(desired: Desired, observed: Observed, facts: NodeFacts) -> bool:
    """Whether a node has no trace of the cluster, while another one has services of it: it was added to the inventory.

    A node whose base directory is lost leaves traces outside of it: units, copies of the marks of its data, and an
    entry in the machine's register.
    """
    manifest, states, register = facts.fact("manifest"), facts.fact("services"), facts.fact("register")
    if manifest.value or not (manifest.ok and states.ok and register.ok):
        return False
    data: Mapping[str, Any] = facts.fact("data").value or {}
    traces = (
        any(state.get("state") != "absent" for state in states.value.values()),
        any(entry["copy"] for entry in data.values()),
        any(entry["id"] == desired.cluster.id for entry in register.value),
    )
    others = (seen for name in observed.nodes if (seen := observed.reached(name)) and seen.node != facts.node)
    return not any(traces) and any((other.fact("manifest").value or {}).get("services") for other in others)


def _manifest(observed: Observed, node: str) -> Mapping[str, Any] | None:
    """A node's record; None where it could not be read."""
    facts = observed.reached(node)
    read = facts.fact("manifest") if facts is not None else None
    return (read.value or {}) if read is not None and read.ok else None


def _added(desired: Desired, observed: Observed, service: DesiredService) -> frozenset[str]:
    """That a service was added to the inventory, with its node or without it; empty where it was not."""
    facts, manifest = observed.reached(service.id.node), _manifest(observed, service.id.node)
    if facts is None or manifest is None:
        return frozenset()
    if is_new(desired, observed, facts):
        return frozenset((ALL, NODE))
    return frozenset((ALL,)) if _is_added(manifest, facts, service.id.key) else frozenset()


def _as_recorded(service: DesiredService, judged: Mapping[str, Any] | None) -> DesiredService:
    if not judged:
        return service
    now, then = digests(service), judged["parts"]
    undeployed = frozenset(name for name in now if then.get(name) != now[name])
    ports = tuple(
        PortUse(port["name"], port["number"], port["bind"], peers=port["peers"], strict=port["strict"])
        for port in judged["ports"]
    )
    return replace(service, ports=ports, facts=_Facts(service.facts, undeployed), undeployed=undeployed)


def _moved(wanted: DesiredService, deployed: DesiredService) -> dict[int, int]:
    """The ports that the service gets -> those that it has."""
    numbers = {port.name: port.number for port in deployed.ports}
    return {port.number: numbers[port.name] for port in wanted.ports if port.name in numbers}


def _to_deployed(edge: Edge, moved: Mapping[str, Mapping[int, int]]) -> Edge:
    port = moved.get(edge.target, {}).get(edge.endpoint.port, edge.endpoint.port)
    return edge if port == edge.endpoint.port else replace(edge, endpoint=replace(edge.endpoint, port=port))


def _is_added(manifest: Mapping[str, Any], facts: NodeFacts, key: str) -> bool:
    """Whether a service was added to a node that has others; a deploy that ended on its way has left files of it."""
    services = manifest.get("services", {})
    if not services or key in services or any(e.get("service") == key for e in manifest.get("files", {}).values()):
        return False
    state = (facts.fact("services").value or {}).get(key)
    return state is not None and state.get("state") == "absent"
