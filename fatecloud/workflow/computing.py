"""`session list`, `session kill`: the sessions of computing engines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from fatecloud.components.registry import session_api
from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.computing import ComputingSession, SessionApi, SessionPage
from fatecloud.model.desired import DesiredService
from fatecloud.model.duration import duration_text
from fatecloud.model.event import Event, Listener
from fatecloud.model.identity import in_order
from fatecloud.model.selection import Selection, select
from fatecloud.workflow.job_id import JOB
from fatecloud.workflow.recorded import done_as_run
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.session import Session

Confirm = Callable[[str], bool] | None
"""Asks the operator; None means that the answer is yes."""


def list_sessions(session: Session, *, owners: Collection[str]) -> SessionPage:
    """The sessions that have not ended, by party, the oldest first.

    Args:
        owners: only those of these parties; empty for all.

    Raises:
        NoMatch: there is no such party.
        UsageError: no service of the inventory has sessions.
    """
    if owners:
        select(session.resolved, Selection(owners=tuple(owners)))
    with _apis(session, owners) as apis:
        return _page(apis)


def kill_session(
    session: Session, wanted: str, *, owners: Collection[str], confirm: Confirm, events: Listener, argv: tuple[str, ...]
) -> None:
    """End a session and its workers.

    Args:
        wanted: its id.
        owners: only where it is of one of these parties; empty for any.

    Raises:
        UsageError: no party here has it.
        Refused: the operator said no.
        RunError: it could not be ended.
    """
    with _apis(session, owners) as apis:
        page = _page(apis)
        found = [(owner, one) for owner, one in page.sessions if one.id == wanted]
        if not found:
            where = f" ({'; '.join(page.unknown)})" if page.unknown else ""
            raise UsageError(f"no party here has an open session {wanted}{where}", remedy="fatecloud session list")
        if confirm and not confirm(" ".join(_what_dies(owner, one) for owner, one in found)):
            raise Refused("nothing was done")
        owned = {owner for owner, _ in found}
        done_as_run(session, "session kill", argv, events, lambda: _end(apis, wanted, owned, events))


def _end(apis: Sequence[tuple[DesiredService, SessionApi]], wanted: str, owners: set[str], events: Listener) -> None:
    for service, api in apis:
        if service.id.owner in owners:
            try:
                api.end(wanted)
            except FatecloudError as error:
                raise RunError(f"session {wanted} was not ended: {error.message}") from error
            events(Event("ok", f"session {wanted} of party {service.id.owner} has ended"))


def _what_dies(owner: str, one: ComputingSession) -> str:
    job = one.id.partition("_")[0]
    lost = f" The task that works with it fails, and with it job {job}." if JOB.fullmatch(job) else ""
    workers = f"{one.started} of {one.workers} workers"
    return f"end session {one.id} of party {owner} ({one.status}, {workers}, {duration_text(one.age)} old)?{lost}"


def _page(apis: Sequence[tuple[DesiredService, SessionApi]]) -> SessionPage:
    found: list[tuple[str, ComputingSession]] = []
    unknown: list[str] = []
    for service, api in apis:
        try:
            found += [(service.id.owner, one) for one in api.sessions()]
        except FatecloudError as error:
            unknown.append(f"{service.id.key} was not asked: {error.message}")
    return SessionPage(tuple(found), tuple(unknown))


@contextmanager
def _apis(session: Session, owners: Collection[str]) -> Iterator[list[tuple[DesiredService, SessionApi]]]:
    services = [
        (service, at)
        for service in session.resolved.services.values()
        if (not owners or service.id.owner in owners) and (at := session_api(service.kind)) is not None
    ]
    if not services:
        raise UsageError("no service here has sessions", remedy="`fatecloud inventory show` shows the services")
    services.sort(key=lambda one: (in_order(one[0].id.owner), one[0].id.key))
    with ServiceCommands(session) as commands:
        yield [(service, at(service, commands.of(service))) for service, at in services]
