"""Which owners a smoke test has to show to work. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.components.registry import by_kind
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.owner import givers_of
from fatecloud.model.plan import Stage
from fatecloud.plan.real import sha256


def unproven(desired: Desired, stages: Iterable[Stage], manifests: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Ids of the owners whose smoke test is due: something changes that they need, or no success is recorded.

    An owner of which no component offers a smoke test is never among them.

    Args:
        desired: with rendered files.
        stages: what a deploy would do.
        manifests: of the nodes.
    """
    actions = [action for stage in stages for action in stage.actions]
    records = [manifest.get("proofs") or {} for manifest in manifests]
    due = []
    for owner in provable(desired):
        needed = {giver.id for giver in givers_of(desired.cluster.owners, desired.cluster.owners[owner], hard=True)}
        nodes = {service.id.node for service in _services(desired, owner)}
        # A node serves all its services, so what changes on it may break any of them.
        changes = any(
            action.node in nodes if action.service == "node" else action.service.partition("/")[0] in needed
            for action in actions
        )
        if changes or not any(_proves(desired, owner, record.get(owner) or {}) for record in records):
            due.append(owner)
    return tuple(due)


def provable(desired: Desired) -> tuple[str, ...]:
    """Ids of the owners that have a service of a component with a smoke test, in the order of the inventory."""
    offering = {kind for kind, component in by_kind().items() if any(not one.early for one in component.proofs)}
    able = {service.id.owner for service in desired.services.values() if service.kind in offering}
    return tuple(owner for owner in desired.cluster.owners if owner in able)


def owners_digest(desired: Desired, owner: str) -> str:
    """One digest of all that an owner's services and those of the groups that it uses should be, without secrets.

    It shows for which state a smoke test was recorded.
    """
    services = _services(desired, owner)
    keys, nodes = {service.id.key for service in services}, {service.id.node for service in services}
    files = [
        (node, file)
        for node, found in desired.files.items()
        for file in found
        if file.service in keys or (file.service == "node" and node in nodes)
    ]
    lines = [f"{node} {file.path} {file.digest} {file.mode:o}" for node, file in files]
    lines += [f"{service.id.key} {service.version}" for service in services]
    lines += [python.digest for service in services if (python := desired.python_of(service))]
    return sha256("\n".join(sorted(lines)))


def _services(desired: Desired, owner: str) -> list[DesiredService]:
    """The services of an owner, and those of the groups that it uses."""
    needed = {giver.id for giver in givers_of(desired.cluster.owners, desired.cluster.owners[owner], hard=True)}
    return [service for service in desired.services.values() if service.id.owner in needed]


def _proves(desired: Desired, owner: str, record: Mapping[str, Any]) -> bool:
    """Whether a recorded smoke test was for the desired state. Without its store a controller assumes that it was."""
    complete = all(desired.python_of(service) for service in _services(desired, owner) if service.python)
    return record.get("digest") == owners_digest(desired, owner) if complete else bool(record)
