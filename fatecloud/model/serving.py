"""Models for online inference: what the servers of an owner have, and to which requests they answer with it."""

from __future__ import annotations

from collections.abc import Mapping
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
    """How many more it has than were read."""
    recorded: bool = False
    """Whether it comes from the instance's own record, which it follows at its start: it cannot be asked itself."""
    registered: Mapping[str, tuple[str, ...]] | None = field(default=None, hash=False)
    """Name in the registry -> addresses (`10.0.0.1:8000`) of all instances of the group that answer to it: a service
    id, or a digest of a host's model. None if the registry was not read."""
    address: str = ""
    """Under which it registers itself; empty where the inventory has only a name for its node."""
    error: str = ""
    """Why models are not known, or the registry was not read."""

    def model(self, table: str, namespace: str) -> LoadedModel | None:
        """The model of that version and id, if it is loaded."""
        known = self.models or ()
        return next((one for one in known if (one.table, one.namespace) == (table, namespace)), None)

    def bound(self, service: str) -> LoadedModel | None:
        """The model that answers requests with a service id."""
        return next((one for one in self.models or () if service in one.services), None)
