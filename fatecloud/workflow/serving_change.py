"""`serving bind`: which model answers a service id; and what verbs that change this share."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.event import Event
from fatecloud.model.serving import Loaded, ServingChange
from fatecloud.workflow.changing import Changing, held, read_free
from fatecloud.workflow.serving import MODELS, Serving, guests_of, serving
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
        with held(session, {one.id.node for one in found[guest]}, changing) as run:
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
