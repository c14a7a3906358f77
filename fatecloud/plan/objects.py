"""What was made inside a service for others that do not need it any more: a deploy never drops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired
from fatecloud.model.plan import LeftObjects


def objects_left(desired: Desired, manifests: Mapping[str, Mapping[str, Any]]) -> tuple[LeftObjects, ...]:
    """By service, in the order of keys.

    Args:
        manifests: node -> its record; of the nodes that the plan is for.
    """
    found = []
    for key, service in sorted(desired.services.items()):
        entry = manifests.get(service.id.node, {}).get("services", {}).get(key, {})
        wanted = service.objects.names if service.objects else ()
        if names := sorted({str(name) for name in entry.get("objects", ())} - set(wanted)):
            found.append(LeftObjects(key, tuple(names)))
    return tuple(found)
