"""What was made inside services for others that do not need it any more: nothing of ours ever drops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.observed import Observed
from fatecloud.model.plan import LeftObjects


def objects_left(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[LeftObjects, ...]:
    """What a deploy leaves unneeded, by service in the order of keys.

    Args:
        manifests: node -> its record; of the nodes that the plan is for.
    """
    found = []
    for key, service in sorted(desired.services.items()):
        entry = manifests.get(service.id.node, {}).get("services", {}).get(key, {})
        wanted = service.objects.names if service.objects else ()
        # The record, and not the server: a plan asks no service.
        if names := sorted({str(name) for name in entry.get("objects", ())} - set(wanted)):
            found.append(LeftObjects(key, tuple(names)))
    return tuple(found)


def objects_unneeded(desired: Desired, observed: Observed) -> tuple[LeftObjects, ...]:
    """All that any deploy has left unneeded and that is still there, by service in the order of keys.

    Args:
        observed: the nodes' records, and the answers of services. Where one gives none, its record counts.
    """
    found = []
    for key, service in sorted(desired.services.items()):
        facts = observed.reached(service.id.node)
        record = facts.fact("manifest").value if facts else None
        entry = ((record or {}).get("services") or {}).get(key) or {}
        held = _held(observed, service)
        made = {*entry.get("objects_made", ()), *entry.get("objects", ())}
        left = made - set(service.objects.names if service.objects else ())
        if names := sorted(left if held is None else left & held):
            found.append(LeftObjects(key, tuple(names), asked=held is not None))
    return tuple(found)


def _held(observed: Observed, service: DesiredService) -> set[str] | None:
    """What a service says that it has; None where it says nothing."""
    facts, objects = observed.reached(service.id.node), service.objects
    answer = facts.probes.get(f"{service.id.key}:{objects.listed_by}") if facts and objects else None
    held = answer.data.get("held") if answer and isinstance(answer.data, dict) else None
    return {str(name) for name in held} if isinstance(held, list) else None
