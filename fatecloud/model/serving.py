"""Models for online inference: what the servers of an owner have, and to which requests they answer with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fatecloud.model.identity import ServiceId

GUEST, HOST = "guest", "host"


@dataclass(frozen=True, slots=True)
class Part:
    """One party's part of a model."""

    table: str
    """Version of the model: the id of the job that made it, or of its deployment. Upstream's `tableName`."""
    namespace: str
    """Id of the model with its party, for example `guest#9999#guest-9999#host-10000#model`."""
    role: str
    """`guest` or `host`; of a part that is not loaded also another one of a job, `arbiter`."""
    party: str

    @property
    def name(self) -> str:
        """As people see it: version and id."""
        return f"{self.table} {self.namespace}"


@dataclass(frozen=True, slots=True)
class LoadedModel(Part):
    """A model that is loaded in a server."""

    services: tuple[str, ...] = ()
    """Service ids that are bound to it; a host's has none."""
    since: float | None = None
    """When it was loaded first, in seconds since the epoch by the node's clock: a restart restores it with its time."""
    partners: tuple[Part, ...] = ()
    """The other parties' parts."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one instance of a server has."""

    id: ServiceId
    models: tuple[LoadedModel, ...] | None = None
    """In the order of their names; None if that is not known."""
    left_out: int = 0
    """How many more it has than were read: then `models` are not all of them."""
    recorded: bool = False
    """Whether it comes from the instance's own record, which it follows at its start: it cannot be asked itself."""
    registered: Mapping[str, tuple[str, ...]] | None = field(default=None, hash=False)
    """Name in the registry -> addresses (`10.0.0.1:8000`) of all instances of the group that answer to it: a service
    id, or a digest of a host's model. None if the registry was not read, or not all of it."""
    address: str = ""
    """Under which it registers itself; empty where the inventory has only a name for its node."""
    error: str = ""
    """Why models are not known, or not all of the registry was read."""

    @property
    def unknown(self) -> str:
        """Why it is not known what else it has; empty where `models` are all of its models."""
        if self.models is None:
            return self.error or "its models are not known"
        return f"{self.left_out} more models than were read: they do not fit into an answer" if self.left_out else ""

    def model(self, table: str, namespace: str) -> LoadedModel | None:
        """The model of that version and id, if it is loaded."""
        known = self.models or ()
        return next((one for one in known if (one.table, one.namespace) == (table, namespace)), None)

    def bound(self, service: str) -> LoadedModel | None:
        """The model that answers requests with a service id."""
        return next((one for one in self.models or () if service in one.services), None)


def differences(instances: Sequence[Loaded]) -> tuple[str, ...]:
    """How the instances of one owner differ, as sentences: a request may come to any of them.

    Instances of which nothing is known are left out.
    """
    known = [one for one in instances if one.models is not None]
    found: list[str] = []
    for name in dict.fromkeys(model.name for one in known for model in one.models or ()):
        without = [one.id.key for one in known if name not in [model.name for model in one.models or ()]]
        # One that has more than could be read may have it.
        if without and not any(one.left_out for one in known):
            found.append(f"{name} is not loaded in {', '.join(without)}")
    for service in dict.fromkeys(s for one in known for model in one.models or () for s in model.services):
        bound = {one.id.key: model for one in known if (model := one.bound(service))}
        if len({model.name for model in bound.values()}) > 1:
            each = ", ".join(f"{key} answers it with {model.table}" for key, model in bound.items())
            found.append(f"service id {service} is bound to several models: {each}")
        elif without := [one.id.key for one in known if one.id.key not in bound and not one.left_out]:
            found.append(f"service id {service} is not bound in {', '.join(without)}")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class OwnModels:
    """What the servers of one owner have."""

    owner: str
    instances: tuple[Loaded, ...]
    differences: tuple[str, ...]
    """Sentences."""


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """The models of all owners that were asked."""

    owners: tuple[OwnModels, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Sentences: of which servers not all is known, and why."""
        found = [(one.id.key, one.unknown or one.error) for own in self.owners for one in own.instances]
        return tuple(f"{key}: {why}" for key, why in found if why)

    @property
    def exit_status(self) -> int:
        """0; 1 where instances of an owner differ; 3 where not all is known of one."""
        return 3 if self.unknown else int(any(own.differences for own in self.owners))


@dataclass(frozen=True, slots=True)
class ServingChange:
    """What was done."""

    what: str
    """`bind`, `unpublish` or `publish`."""
    service: str
    """Service id; empty where a model was without one."""
    model: str
    """Version of the model."""
    before: Mapping[str, str]
    """Key of a server -> version of the model that answered the service id there before; without those without one."""
    servers: tuple[str, ...]
    """Keys of the servers that were changed."""
    others: tuple[str, ...] = ()
    """Sentences: what parties that others operate have to do, or were not asked."""
