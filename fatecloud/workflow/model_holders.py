"""The services that hold trained models, as verbs about these ask them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fatecloud.components.registry import models_from, models_into
from fatecloud.errors import UsageError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import in_order
from fatecloud.model.trained import ModelSource, ModelTarget
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session


@dataclass(frozen=True, slots=True)
class Source:
    """A service that gives models."""

    service: DesiredService
    party: str
    models: ModelSource


@dataclass(frozen=True, slots=True)
class Target:
    """A service that takes models."""

    service: DesiredService
    party: str
    models: ModelTarget


def sources_of(session: Session, commands: ServiceCommands, owners: Collection[str]) -> list[Source]:
    """Everything that gives models, of these owners; empty for all. Raises UsageError."""
    found = [
        Source(service, party, at(service, commands.of(service)))
        for service, party in _services(session.resolved, owners)
        if (at := models_from(service.kind))
    ]
    if not found:
        raise UsageError("no service here holds trained models", remedy="`fatecloud inventory show` shows the services")
    return found


def targets_of(session: Session, commands: ServiceCommands, owners: Collection[str]) -> list[Target]:
    """Everything that takes models, likewise."""
    found = [
        Target(service, party, at(service, commands.of(service)))
        for service, party in _services(session.resolved, owners)
        if (at := models_into(service.kind))
    ]
    if not found:
        raise UsageError("no service here takes trained models", remedy="`fatecloud inventory show` shows the services")
    return found


def _services(desired: Desired, owners: Collection[str]) -> Iterator[tuple[DesiredService, str]]:
    """Services of owners, those of parties first, each with the number of its party."""
    known = desired.cluster.owners
    if lost := [owner for owner in owners if owner not in known]:
        raise UsageError(f"no party or group {lost[0]!r} here", remedy=f"--owner is one of {', '.join(known)}")
    for service in sorted(desired.services.values(), key=lambda one: (in_order(one.id.owner), one.id.key)):
        if service.id.owner in (owners or known):
            yield service, number_of(desired, service.id.owner)


def number_of(desired: Desired, owner: str) -> str:
    """The number of a party: its own id, or what a service of a group has for it; empty for a group of no party."""
    if owner in desired.cluster.parties:
        return owner
    stated = (s.facts.get("party") for s in desired.services.values() if s.id.owner == owner)
    return next((str(number) for number in stated if number), "")
