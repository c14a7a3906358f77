"""`start`, `stop`, `restart`: services in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from fatecloud.errors import Refused
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event, Listener
from fatecloud.model.owner import needing
from fatecloud.model.selection import Selection, select
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.render.turns import stage_turns
from fatecloud.workflow.deployed import FACTS, deployed_of
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import jobs_variables, refuse_or_wait
from fatecloud.workflow.leases import read_when_free
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.running import running
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui

DONE = {
    "start": ("started", "already running"),
    "stop": ("stopped", "already stopped"),
    "restart": ("restarted", "not restarted"),
}
"""Verb -> words for a service that it acted on, and for one that needed no action."""

_ACTS = {"start", "stop", "restart"}
"""What the module reports for a service that it acted on."""


def act_on_services(
    options: Options,
    verb: str,
    selection: Selection,
    ui: Ui,
    *,
    confirm: Callable[[str], bool] | None,
    interrupt_jobs: bool,
    wait_jobs: str | None,
    wait_lock: str | None = None,
    deadline: float = 20.0,
    argv: tuple[str, ...],
) -> int:
    """Start, stop or restart the selected services.

    Args:
        verb: `start`, `stop` or `restart`.
        selection: which services; empty for all.
        confirm: asks the operator; None means that the answer is yes.
        wait_lock: how long to wait for another run that holds the nodes.
        deadline: seconds for each node to answer when it is read.

    Raises:
        NoMatch: nothing is selected.
        NotDeployed: none of the services is on its node.
        Locked: another run holds a node.
        Refused: a node is not the one that the inventory means, jobs are running, or the operator said no.
        RunError: a node could not be read, or a service did not start or stop.
    """
    patience, jobs_patience = seconds(wait_lock), seconds(wait_jobs)
    session = load_session(options)
    keys = select(session.desired, selection)
    nodes = _nodes(session, keys)
    read = partial(observe, session, probes=False, nodes=nodes, want=FACTS, deadline=deadline)
    observed = read_when_free(session, read, nodes, patience, ui, verb=verb, argv=argv)
    refuse_strangers(session.cluster, observed, nodes)
    keys = deployed_of(session.desired, observed, keys, ui)
    nodes = _nodes(session, keys)
    if verb != "start":
        idents = [session.desired.services[key].id for key in keys]
        owners = {name for one in idents for name in needing(session.cluster.owners, one.owner, one.component)}
        hit = runners_there(session.desired, observed, owners)
        refuse_or_wait(session, hit, interrupt=interrupt_jobs, wait=jobs_patience, events=ui)
    if confirm and not confirm(f"{verb} {', '.join(keys)}?"):
        raise Refused("nothing was done")
    acted = Acted(ui)
    ran = running(session.desired, observed)
    stages = {"fatecloud_stages": stage_turns(session.desired, ran)}
    variables = {"fatecloud_only": list(keys), **stages, **jobs_variables(jobs_patience, interrupt=interrupt_jobs)}
    with recorded(session, verb, argv, acted, nodes) as run:
        run.ansible.play(f"{verb}.yml", variables, releases=True)
        # A supervisord that was started has started all of its services: the module then finds them running.
        done = acted.services | (set(keys) - ran if verb == "start" else set())
        for line in outcome(verb, keys, done):
            run.events(Event("ok", line))
    return 0


class Acted:
    """Collects from a run's events the services that it started or stopped.

    Args:
        listener: gets the events.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.services: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._listener(event)
        if event.service and _ACTS & set(event.texts("done")):
            self.services.add(event.service)


def outcome(verb: str, keys: Sequence[str], acted: Collection[str]) -> Iterator[str]:
    """What was done, in words: a line for the services that were acted on, and one for the others."""
    for word, found in zip(DONE[verb], (True, False), strict=True):
        if named := [key for key in keys if (key in acted) is found]:
            yield f"{word}: {', '.join(named)}"


def _nodes(session: Session, keys: Sequence[str]) -> set[str]:
    return {session.desired.services[key].id.node for key in keys}
