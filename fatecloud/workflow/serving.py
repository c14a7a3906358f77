"""The servers that answer requests with models, as verbs about models reach them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fatecloud.components.registry import model_api
from fatecloud.errors import NotDeployed, UsageError
from fatecloud.model.observed import Observed
from fatecloud.model.selection import Selection, select
from fatecloud.model.serving import GUEST, Loaded, LoadedModel
from fatecloud.model.serving_api import ModelApi
from fatecloud.workflow.deployed import FACTS, REMEDY, is_deployed
from fatecloud.workflow.observe import observe
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

MODELS = "fatecloud serving models"


@dataclass(frozen=True, slots=True)
class Serving:
    """Use `serving`."""

    session: Session
    api: ModelApi
    owners: tuple[str, ...]
    """Those that were chosen."""

    def nodes(self) -> set[str]:
        """Of their servers."""
        return {server.id.node for owner in self.owners for server in self.api.servers(owner)}

    def observe(self, deadline: float, *, limited: bool = False) -> Observed:
        """Ask their servers.

        Args:
            deadline: seconds for each node to answer.
            limited: whether a node's login for checks is used, where it has one.

        Raises:
            NotDeployed: no server is deployed.
        """
        observed = observe(self.session, nodes=self.nodes(), want=FACTS, deadline=deadline, limited=limited)
        keys = [server.id.key for owner in self.owners for server in self.api.servers(owner)]
        read = [key for key in keys if observed.reached(self.session.resolved.services[key].id.node)]
        if read and not any(is_deployed(self.session.resolved, observed, key) for key in read):
            raise NotDeployed(f"not deployed: {', '.join(read)}", remedy=REMEDY)
        return observed

    def loaded(self, observed: Observed) -> dict[str, tuple[Loaded, ...]]:
        """Owner -> what its servers have."""
        return {owner: self.api.loaded(owner, observed) for owner in self.owners}


@contextmanager
def serving(session: Session, owners: Collection[str]) -> Iterator[Serving]:
    """The servers of an inventory.

    Args:
        owners: only those of these; empty for all.

    Raises:
        NoMatch: there is no such owner.
        UsageError: no service answers requests with models.
    """
    if owners:
        select(session.resolved, Selection(owners=tuple(owners)))
    at = model_api(session.resolved)
    with ServiceCommands(session) as commands:
        api = at(session.resolved, commands.of) if at else None
        there = tuple(owner for owner in (api.owners if api else ()) if not owners or owner in owners)
        if api is None or not there:
            raise UsageError(
                "no service here answers requests with models", remedy="`fatecloud inventory show` shows the services"
            )
        yield Serving(session, api, there)


def owner_of(found: Mapping[str, Sequence[Loaded]], service: str) -> str:
    """The owner whose servers a service id is bound in. Raises UsageError where that is none, or several."""
    owners = [owner for owner, instances in found.items() if any(one.bound(service) for one in instances)]
    if len(owners) == 1:
        return owners[0]
    every = [one for instances in found.values() for one in instances]
    unknown = "; ".join(f"{one.id.key}: {one.unknown}" for one in every if one.unknown)
    where = f" ({unknown})" if unknown else ""
    if owners:
        raise UsageError(f"service id {service} is bound at {', '.join(owners)}", remedy="choose one with --owner")
    raise UsageError(f"service id {service} is not bound to a model here{where}", remedy=MODELS)


def guests_of(found: Mapping[str, Sequence[Loaded]], version: str) -> dict[str, LoadedModel]:
    """Owner -> its guest's part of the model of a version, where it is loaded."""
    return {
        owner: model
        for owner, instances in found.items()
        for one in instances
        for model in one.models or ()
        if model.table == version and model.role == GUEST
    }
