"""`serving unpublish`: nothing answers a service id any more, and its model is taken out of servers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.event import Event
from fatecloud.model.serving import GUEST, HOST, LoadedModel, ServingChange
from fatecloud.workflow.changing import Changing, held
from fatecloud.workflow.serving import MODELS, Serving, owner_of
from fatecloud.workflow.serving_change import Found, bound_before, free
from fatecloud.workflow.serving_restore import require_known
from fatecloud.workflow.session import Session


def unpublish(session: Session, service: str, *, owner: str | None, keep: bool, changing: Changing) -> ServingChange:
    """Let nothing answer a service id any more, and remove its model where no other service id needs it.

    Args:
        service: the id.
        owner: of the guest; None where the service id says that.
        keep: whether the model stays loaded.

    Raises:
        UsageError: no server here has the service id.
        Refused: the release cannot take models away, or the operator said no.
        RunError: a server could not be read, or did not do it.
    """
    # The other parties' parts go too, so all servers are read.
    with free(session, (), changing) as (there, found):
        if owner and owner not in found:
            raise UsageError(f"{owner} has no servers of its own", remedy=f"--owner is one of {', '.join(found)}")
        guest = owner or owner_of(found, service)
        instances = found[guest]
        require_known(instances)
        if why := there.api.keeps_models(guest):
            raise Refused(f"{guest}: {why}")
        bound = {one.id.key: model for one in instances if (model := one.bound(service))}
        if not bound:
            raise UsageError(f"service id {service} is not bound to a model at {guest}", remedy=MODELS)
        models = {(model.table, model.namespace): model for model in bound.values()}
        shared = {
            s for one in instances for m in one.models or () if (m.table, m.namespace) in models for s in m.services
        }
        removal = [] if keep or shared - {service} else _parts(there, found, models.values())
        before = bound_before(instances, service)
        version = ", ".join(dict.fromkeys(before.values()))
        changing.ask(_loss(service, version, removal))
        services = there.session.resolved.services
        nodes = {services[key].id.node for key in (*(one.id.key for one in instances), *(key for key, _ in removal))}
        with held(session, nodes, changing) as run:
            for key, model in bound.items():
                run.interruption.check()
                there.api.unbind(key, model, [service])
                run.events(Event("ok", f"{key} answers service id {service} no more"))
            try:
                for key, model in removal:
                    run.interruption.check()
                    there.api.unload(key, model)
                    run.events(Event("ok", f"{key} has {model.name} no more"))
                _await_gone(there, service, {*bound}, removal, changing.deadline)
            except FatecloudError as error:
                # The guest's part is the last one, so that what is left can be taken away in this way.
                once = " and ".join(f"`fatecloud serving bind {service} {model.table}`" for model in models.values())
                error.remedy = f"fatecloud check; then {once}, and `fatecloud serving unpublish {service}` again"
                raise
    servers = tuple(dict.fromkeys([*bound, *(key for key, _ in removal)]))
    return ServingChange("unpublish", service, version, before, servers, _away(there, models.values()))


def _parts(there: Serving, found: Found, models: Collection[LoadedModel]) -> list[tuple[str, LoadedModel]]:
    """Servers that have a part of the models, the guest's last. Raises RunError where that is not known of one."""
    names = {part.name for model in models for part in (model, *model.partners)}
    # One without a number may have a part of any party.
    parties = {"", *(part.party for model in models for part in (model, *model.partners))}
    instances = [one for owner, own in found.items() if there.api.party(owner) in parties for one in own]
    require_known(instances)
    parts = [(one.id.key, model) for one in instances for model in one.models or () if model.name in names]
    return sorted(parts, key=lambda part: part[1].role == GUEST)


def _loss(service: str, version: str, removal: Sequence[tuple[str, LoadedModel]]) -> str:
    where = ", ".join(dict.fromkeys(key for key, _ in removal))
    gone = f" The model is removed from {where}; to have it again it has to be published again." if where else ""
    return f"let nothing answer service id {service}, which model {version} answers now?{gone}"


def _await_gone(
    there: Serving, service: str, bound: Collection[str], removal: Sequence[tuple[str, LoadedModel]], deadline: float
) -> None:
    instances = [one for own in there.loaded(there.observe(deadline)).values() for one in own]
    by_key = {one.id.key: one for one in instances}
    require_known([by_key[key] for key in {*bound, *(key for key, _ in removal)}])
    left = [key for key in bound if by_key[key].bound(service)]
    left += [key for key, model in removal if by_key[key].model(model.table, model.namespace)]
    if left:
        raise RunError(f"still there after it was taken away: {', '.join(dict.fromkeys(left))}", remedy=MODELS)


def _away(there: Serving, models: Collection[LoadedModel]) -> tuple[str, ...]:
    here = {there.api.party(owner) for owner in there.owners}
    parties = sorted({part.party for model in models for part in model.partners if part.role == HOST} - here)
    return tuple(f"party {party} keeps its part: only its operator can remove it" for party in parties)
