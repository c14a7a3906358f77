"""What lies between the version of a service that was deployed last and the one that is to be deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.plan import Action
from fatecloud.model.steps import needed


def migrations(desired: Desired, service: DesiredService, manifest: Mapping[str, Any]) -> tuple[Action, ...]:
    """The migrations of a service, in their order; the module on the node chooses them by the same rule.

    Args:
        manifest: of the service's node. A service that is not in it was never deployed, and has nothing to migrate.
    """
    entry = manifest.get("services", {}).get(service.id.key)
    if not entry:
        return ()
    now, by_version = str(entry.get("version", "")), {migration.to: migration for migration in service.migrations}
    backup = desired.node(service.id.node).paths.backup
    return tuple(
        Action(
            "migrate",
            service.id.node,
            service.id.key,
            f"from {now} to {to}: {by_version[to].what}; it is stopped, and the state before is dumped below {backup}",
        )
        for to in needed(now, service.version, list(by_version))
    )
