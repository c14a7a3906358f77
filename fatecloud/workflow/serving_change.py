"""`serving bind`, `serving unpublish`: which model answers a service id, and what is taken out of servers."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.event import Event
from fatecloud.model.serving import GUEST, HOST, Loaded, LoadedModel, ServingChange
from fatecloud.workflow.changing import Changing, held, read_free
from fatecloud.workflow.serving import MODELS, Serving, guests_of, owner_of, serving
from fatecloud.workflow.serving_restore import add_what_is_left, led_back, require_known
from fatecloud.workflow.session import Session

TRIES, EVERY = 6, 1.0
"""Looks at what came of a change, and seconds between two: a server writes its record a moment later."""
Found = Mapping[str, Sequence[Loaded]]


@contextmanager
def free(session: Session, owners: Collection[str], changing: Changing) -> Iterator[tuple[Serving, Found]]:
    """The servers, and what they have, when no other run holds their nodes.

    Raises:
        Locked: another run holds a node.
        Refused: a node is not the one that the inventory means.
        RunError: a node could not be read.
    """
    with serving(session, owners) as there:
        read = partial(there.observe, changing.deadline)
        yield there, there.loaded(read_free(session, read, there.nodes(), changing))


def bind(session: Session, service: str, version: str, *, owner: str | None, changing: Changing) -> ServingChange:
    """Let the model of a version, which is loaded, answer a service id in all servers of its guest.

    Args:
        service: the id.
        version: of the model.
        owner: whose servers; None where the version says that.

    Raises:
        UsageError: no server here has the model of that version as a guest's.
        Refused: not all servers have it, or the operator said no.
        RunError: a server could not be read, or did not do it; what others did is taken back.
    """
    with free(session, [owner] if owner else (), changing) as (there, found):
        guests = guests_of(found, version)
        require_known([one for name in guests or found for one in found[name]])
        if len(guests) != 1:
            where = f"at {' and '.join(guests)}" if guests else "in no server here"
            remedy = "choose one with --owner" if guests else MODELS
            raise UsageError(f"the guest's part of model {version} is loaded {where}", remedy=remedy)
        ((guest, model),) = guests.items()
        before = bound_before(found[guest], service)
        without = [one.id.key for one in found[guest] if one.model(model.table, model.namespace) is None]
        if without:
            raise Refused(
                f"model {version} is not loaded in {', '.join(without)}, where requests come too", remedy=MODELS
            )
        if {*before.values()} == {version} and len(before) == len(found[guest]):
            changing.ui(Event("ok", f"service id {service} is bound to model {version} already"))
            return ServingChange("bind", service, version, before, ())
        changing.ask(_question(service, version, guest, before))
        with held(session, _nodes(found[guest]), changing) as run:
            try:
                for one in found[guest]:
                    run.interruption.check()
                    there.api.bind(one.id.key, model, service)
                await_bound(there, guest, service, version, changing.deadline)
            except FatecloudError as error:
                add_what_is_left(error, led_back(there, guest, found[guest], service, changing.deadline))
                raise
            servers = tuple(one.id.key for one in found[guest])
            run.events(Event("ok", f"service id {service} is bound to model {version} in {', '.join(servers)}"))
    return ServingChange("bind", service, version, before, servers)


def bound_before(instances: Sequence[Loaded], service: str) -> dict[str, str]:
    """Key of a server -> version of the model that answers the service id there."""
    return {one.id.key: model.table for one in instances if (model := one.bound(service))}


def await_bound(there: Serving, owner: str, service: str, version: str, deadline: float) -> None:
    """Make sure that each server of an owner says itself that it answers a service id with that model.

    Raises:
        RunError: one does not.
    """
    for attempt in range(TRIES):
        instances = there.api.loaded(owner, there.observe(deadline))
        missing = [one for one in instances if (model := one.bound(service)) is None or model.table != version]
        if not missing:
            return
        if attempt + 1 < TRIES:
            time.sleep(EVERY)
    which = "; ".join(f"{one.id.key}{f' ({one.unknown})' if one.unknown else ''}" for one in missing)
    raise RunError(
        f"took the request, and does not have service id {service} with model {version}: {which}", remedy=MODELS
    )


def _question(service: str, version: str, guest: str, before: Mapping[str, str]) -> str:
    now = ", ".join(dict.fromkeys(before.values()))
    return f"bind service id {service} of {guest} to model {version}?" + (
        f" Now model {now} answers it." if now else ""
    )


def _nodes(instances: Sequence[Loaded]) -> set[str]:
    return {one.id.node for one in instances}


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
        nodes = _nodes(instances) | {there.session.resolved.services[key].id.node for key, _ in removal}
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
