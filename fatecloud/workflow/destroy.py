"""`destroy`: remove a cluster from its nodes."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from fatecloud.errors import Refused
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event, Listener, texts_of
from fatecloud.model.observed import Observed
from fatecloud.plain import plain
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.workflow.departed import departed_notes, forget_cluster
from fatecloud.workflow.deployed import nothing_deployed, require_read
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import active_jobs, jobs_variables, refuse_or_wait
from fatecloud.workflow.leases import read_when_free
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import manifests, observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui

FACTS = ("clock", "identity", "lease", "manifest", "records", "services")
"""What shows which services there are to remove, and whether another run holds their nodes."""


class Asking(Ui, Protocol):
    """A Ui that can also ask for a word."""

    def ask(self, question: str) -> str:
        """Ask for a word. Raises Refused without a terminal."""


def destroy_cluster(
    options: Options,
    ui: Asking,
    *,
    remove_data: bool,
    interrupt_jobs: bool,
    wait_jobs: str | None,
    wait_lock: str | None = None,
    deadline: float = 20.0,
    name: str | None,
    argv: tuple[str, ...],
) -> int:
    """Stop and remove every service of the cluster, and what else we put on its nodes.

    Args:
        remove_data: whether databases, job data, models and logs go too.
        wait_lock: how long to wait for another run that holds the nodes.
        deadline: seconds for each node to answer when it is read.
        name: the cluster's name as the operator gave it; None asks for it.

    Raises:
        Locked: another run holds a node.
        Refused: a node is not the one that the inventory means, the name is wrong, or jobs are running.
        RunError: a node failed; running the same command again continues.
    """
    patience, lock_patience = seconds(wait_jobs), seconds(wait_lock)
    session = load_session(options)
    read = partial(observe, session, probes=False, want=FACTS, deadline=deadline)
    observed = read_when_free(session, read, (), lock_patience, ui, verb="destroy", argv=argv)
    require_read(observed)
    refuse_strangers(session.cluster, observed, session.cluster.nodes)
    if cleared(session, observed):
        ui(Event("ok", "nothing is deployed here, so there is nothing to remove"))
        return 0
    ui.say(blast_radius(session, observed, remove_data=remove_data))
    hit = runners_there(session.desired, observed)
    # Before the question: who types the name should not have to wait for jobs after it.
    refuse_or_wait(session, hit, interrupt=interrupt_jobs, wait=patience, events=ui)
    # The whole name, and no "y": what follows cannot be undone.
    given = name if name is not None else ui.ask("Type the name of the cluster to destroy it:")
    if given != session.cluster.name:
        raise Refused(f"{given!r} is not the name of this cluster; nothing was done")
    left = Left(ui)
    variables = {"fatecloud_purge": remove_data, **jobs_variables(patience, interrupt=interrupt_jobs)}
    with recorded(session, "destroy", argv, left) as run:
        run.ansible.play("destroy.yml", variables, releases=True)
        forget_cluster(session, run.events)
        for line in left.lines:
            run.events(Event("note", line))
        run.events(Event("ok", f"{session.cluster.name} is gone from {', '.join(session.cluster.nodes)}"))
    return 0


def cleared(session: Session, observed: Observed) -> bool:
    """Whether no node has anything of the cluster: no record, no lease and no service."""
    read = [facts for name in observed.nodes if (facts := observed.reached(name))]
    traces = [facts.fact(name) for facts in read for name in ("manifest", "lease")]
    return nothing_deployed(session.desired, observed) and not any(fact.value or not fact.ok for fact in traces)


_STAYS = {
    "kept": "data and logs stay",
    "packages": "packages that were installed for the cluster stay, because others may use them by now",
    "masked": "units of these packages stay masked, or they would start at the next boot (undo: systemctl unmask)",
    "users": "users stay, because data and logs are theirs or the inventory named them",
    "away": "these data were not in place (is their disk mounted?) and stay recorded, for a deploy or a later destroy",
}


class Left:
    """Collects from a run's events what it leaves on the nodes.

    Args:
        listener: gets the events.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.lines: list[str] = []

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._listener(event)
        left = event.answer.get("left")
        if isinstance(left, dict):
            paths = event.texts("kept")
            # A directory stands for all below it.
            kept = [path for path in paths if not any(path.startswith(f"{up}/") for up in paths)]
            found = {"kept": kept, **{key: texts_of(value) for key, value in left.items()}}
            self.lines += [
                f"{event.node}: {text}: {plain(', '.join(found[k]))}" for k, text in _STAYS.items() if found.get(k)
            ]


def blast_radius(session: Session, observed: Observed, *, remove_data: bool) -> str:
    """What a destroy would remove or interrupt, in words."""
    lines = [f"cluster {session.cluster.name}: these services would be stopped and removed:"]
    lines += [f"  {key}" for key in session.desired.services]
    known = {key for record in manifests(observed).values() for key in record.get("services", {})}
    lines += [f"  {key}, no longer in the inventory" for key in sorted(known - set(session.desired.services))]
    jobs = active_jobs(session, runners_there(session.desired, observed)).jobs
    lines += [f"  and end the job {job}" for job in jobs]
    if session.cluster.peers:
        lines.append(f"  and cut off the peers {', '.join(session.cluster.peers)}")
    kept = sorted({f"{n.name}:{path}" for n in session.cluster.nodes.values() for path in (n.paths.data, n.paths.logs)})
    lines += departed_notes(session)
    lines.append(f"data and logs {'are DELETED' if remove_data else 'stay'}: {', '.join(kept)}")
    return "\n".join(lines)
