"""How a model of a job comes to servers that answer with it: what a verb asks of the service that ran the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fatecloud.model.jobs import JobRunner, Run

SERVED = ("guest", "host")
"""Roles whose parts are loaded into servers."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model of a job, with all of its parties."""

    id: str
    """Of the model, the same for all of its versions."""
    version: str
    """Of the job, or of the deployment, that made it."""
    role: str
    """Of the party that started the job, and to whose servers a service id is bound."""
    party: str
    roles: Mapping[str, tuple[str, ...]]
    """Role -> parties."""
    deployed: bool
    """Whether servers can load it as it is."""

    def namespace(self, role: str, party: str) -> str:
        """The id of one party's part."""
        return f"{role}#{party}#{self.id}"

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Role and party of those whose servers load a part."""
        return tuple((role, party) for role in SERVED for party in self.roles.get(role, ()))


class Publisher(Protocol):
    """The models of one service that runs jobs. Every method raises FatecloudError when there is no usable answer.

    A code for success is believed only where the answer has one for each party.
    """

    def trained(self, job: str) -> Trained:
        """The model of a job, or of a deployment.

        Raises:
            UsageError: there is none, or the job has not succeeded.
        """

    def deploy(self, model: Trained) -> Trained:
        """Make a version of it that servers can load, at all of its parties."""

    def load(self, model: Trained, *, by_servers: bool) -> None:
        """Let the servers of each party load its part.

        Args:
            model: that is deployed.
            by_servers: whether they fetch it where their own settings say, and not where the service says that it is.
        """

    def bind(self, model: Trained, service: str) -> None:
        """Let the servers of the party that started the job answer a service id with it."""


PublisherAt = Callable[[JobRunner, Run], Publisher]
"""What `Component.publisher` names: the models of a service, asked by commands on its node."""
