"""`start`, `stop`, `restart`: services in edge order."""

from __future__ import annotations

from collections.abc import Callable

from fatecloud.errors import Refused
from fatecloud.model.event import Event
from fatecloud.model.selection import Selection, select
from fatecloud.workflow.job_runners import runners_of
from fatecloud.workflow.jobs import refuse_or_wait, seconds
from fatecloud.workflow.load import Options, load_session
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.ui import Ui

DONE = {"start": "started", "stop": "stopped", "restart": "restarted"}


def act_on_services(
    options: Options,
    verb: str,
    selection: Selection,
    ui: Ui,
    *,
    confirm: Callable[[str], bool] | None,
    interrupt_jobs: bool,
    wait_jobs: str | None,
    argv: tuple[str, ...],
) -> int:
    """Start, stop or restart the selected services.

    Args:
        verb: `start`, `stop` or `restart`.
        selection: which services; empty for all.
        confirm: asks the operator; None means that the answer is yes.

    Raises:
        NoMatch: nothing is selected.
        Refused: jobs are running, or the operator said no.
        RunError: a service did not do it.
    """
    session = load_session(options)
    keys = select(session.desired, selection)
    parties = {session.desired.services[key].id.party for key in keys}
    if verb != "start":
        hit = runners_of(session.desired, parties)
        refuse_or_wait(session, hit, interrupt=interrupt_jobs, wait=seconds(wait_jobs), events=ui)
    if confirm and not confirm(f"{verb} {', '.join(keys)}?"):
        raise Refused("nothing was done")
    nodes = {session.desired.services[key].id.node for key in keys}
    with recorded(session, verb, argv, ui, nodes) as run:
        run.ansible.play(f"{verb}.yml", {"fatecloud_only": list(keys)}, releases=True)
        run.events(Event("ok", f"{DONE[verb]}: {', '.join(keys)}"))
    return 0
