"""`serving cache`: what servers keep of other parties' answers, and for how long."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from fatecloud.errors import FatecloudError, Refused
from fatecloud.model.event import Event
from fatecloud.model.kept_answers import KeptAnswers
from fatecloud.workflow.changing import Changing, held, read_free
from fatecloud.workflow.deployed import FACTS
from fatecloud.workflow.observe import observe
from fatecloud.workflow.serving import Serving, serving
from fatecloud.workflow.session import Session


def show_kept(session: Session, *, owners: Collection[str]) -> tuple[KeptAnswers, ...]:
    """What the servers of each owner keep of answers.

    Args:
        owners: only those of these; empty for all.

    Raises:
        UsageError: no service answers requests with models.
    """
    with serving(session, owners) as there:
        return tuple(_kept(there, owner) for owner in there.owners)


def _kept(there: Serving, owner: str) -> KeptAnswers:
    try:
        return there.api.kept(owner)
    except FatecloudError as error:
        return replace(there.api.setting(owner), error=error.message)


def change_kept(
    session: Session, seconds: int, *, owners: Collection[str], changing: Changing
) -> tuple[KeptAnswers, ...]:
    """Say for how long what is kept stays from now.

    Args:
        seconds: 0 removes it.
        owners: only of these; empty for all.

    Raises:
        UsageError: no service answers requests with models.
        Locked: another run holds a node of the servers, or of their store.
        Refused: the operator said no, or nothing is kept where it can be reached.
        RunError: a node could not be read.
        FatecloudError: a store could not be changed; those of the owners before it are.
    """
    with serving(session, owners) as there:
        able = [owner for owner in there.owners if there.api.setting(owner).store]
        if not able:
            raise Refused("answers are kept in the servers' own memory: only a restart removes them there")
        nodes = _nodes(there, able)
        read = partial(observe, session, probes=False, nodes=nodes, want=FACTS, deadline=changing.deadline)
        read_free(session, read, nodes, changing)
        what = (
            f"let the answers that are kept stay {seconds} s from now"
            if seconds
            else "remove all answers that are kept"
        )
        changing.ask(f"{what} at {', '.join(able)}?")
        done: list[KeptAnswers] = []
        with held(session, nodes, changing) as run:
            for owner in able:
                run.interruption.check()
                found = there.api.kept(owner, seconds)
                done.append(found)
                run.events(Event("ok", f"{owner}: {found.changed} answers changed at {found.store}"))
    return tuple(done)


def _nodes(there: Serving, owners: Collection[str]) -> set[str]:
    """Of servers, and of the stores that they share, where these are of the inventory."""
    services = there.session.resolved.services
    servers = [server for owner in owners for server in there.api.servers(owner)]
    ends = {there.api.setting(owner).store for owner in owners}
    stores = {edge.target for server in servers for edge in server.edges if str(edge.endpoint) in ends}
    return {one.id.node for one in (*servers, *(services[key] for key in stores if key in services))}
