"""`deploy`: the order of all that it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from fatecloud.errors import Locked, PlanOutdated
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event
from fatecloud.model.selection import select_nodes
from fatecloud.workflow.data import confirm_new_data, data_wish
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.load import load_session
from fatecloud.workflow.moved import refuse_example
from fatecloud.workflow.options import Options
from fatecloud.workflow.phases import agree, change, finish, judge, read
from fatecloud.workflow.phases.state import Deploy, Phase
from fatecloud.workflow.prove import chosen_proof
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.session import Session
from fatecloud.workflow.ui import Ui

BEFORE: tuple[Phase, ...] = (
    # Everything is read and judged before anything is changed.
    read.read_nodes,
    read.wait_for_other_runs,
    read.ask_whether_it_moved,
    read.note_changes_of_nodes,
    judge.refuse_upgrades,
    read.try_javas,
    judge.refuse_unready_nodes,
    judge.plan,
    judge.note_unknown_data,
    judge.stop_if_nothing_is_to_be_done,
    judge.refuse_edited_files,
    judge.refuse_to_lose_data,
    agree.let_jobs_end,
    agree.ask_the_operator,
)
IN_THE_RUN: tuple[Phase, ...] = (
    # A run of the history; it holds the nodes' leases from `converge` on, and releases them at its end.
    change.remember_nodes,
    change.make_signing_key,
    change.converge,
    finish.end_rotations,
    finish.forget_emptied_nodes,
    finish.verify_cluster,
    # An older release's files stay until the new one has shown that it works: there is a way back until then.
    finish.clear_stores,
)

_PLANS = 5
"""How many plans one deploy makes at most when others change the nodes, or hold them, between reading and changing."""


def deploy_cluster(
    options: Options,
    wanted: DeployOptions,
    ui: Ui,
    confirm: Callable[[str], bool] | None,
    ask: Callable[[str], str] | None = None,
) -> int:
    """Bring the nodes to what the inventory says.

    Args:
        confirm: asks the operator; None means that the answer is yes.
        ask: asks the operator for a word; None means that none is needed.

    Returns:
        0.

    Raises:
        UsageError: an unknown name, or a selection that is not made of whole nodes.
        Refused: because of preflight, drift, data left behind or running jobs, or because the operator said no.
        Locked: another run holds the nodes.
        RunError: a node failed; what was done so far stays, and running the same command again continues.
        Unverified: deployed, but the smoke test failed.
        Interrupted: a signal came.
    """
    # The vault is opened while the nodes are being read, which takes longer.
    session = load_session(options, need_store=True, need_secrets=False)
    wanted = _complete(session, wanted, ask)
    until = time.monotonic() + seconds(wanted.wait_lock)
    for left in reversed(range(_PLANS)):
        try:
            _attempt(Deploy(session, wanted, ui, confirm, until))
        except PlanOutdated as error:
            # An operator who was asked agreed to another plan than the one that would be carried out now.
            # With --yes no one has seen the plan, so a new one is as good.
            if confirm or not left:
                raise
            ui(Event("note", f"{error.message}; making a new plan"))
        except Locked as error:
            if time.monotonic() >= until or not left:
                raise
            ui(Event("note", f"{error.message}; waiting for it"))
        else:
            break
    return 0


def _attempt(deploy: Deploy) -> None:
    for phase in BEFORE:
        phase(deploy)
        if deploy.over:
            return
    with recorded(deploy.session, "deploy", deploy.wanted.argv, deploy.ui, deploy.wanted.limit) as run:
        deploy.begin(run)
        for phase in IN_THE_RUN:
            phase(deploy)


def _complete(session: Session, wanted: DeployOptions, ask: Callable[[str], str] | None) -> DeployOptions:
    """The options with the names in them looked up, so that a wrong one is refused before any node is asked."""
    refuse_example(session)
    wanted = replace(wanted, limit=select_nodes(session.resolved, wanted.selection, wanted.limit))
    wanted = replace(wanted, wish=data_wish(session.resolved, wanted.adopt_data, wanted.new_data, wanted.limit))
    confirm_new_data(session.resolved, wanted.wish, ask)
    if wanted.proof:
        chosen_proof(session.resolved, wanted.proof)
    return wanted
