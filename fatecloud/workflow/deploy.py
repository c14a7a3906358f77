"""`deploy`: read everything, judge, plan, take the lease, run the stages, run the smoke test, record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fatecloud.errors import Locked, PlanOutdated, Refused, RunError
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event, Listener
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.plan import Plan, Stage
from fatecloud.model.selection import select_nodes
from fatecloud.plan.data import starting_empty
from fatecloud.plan.shown import shown_states
from fatecloud.plan.stores import outdated_stores
from fatecloud.resolve.machines import resized
from fatecloud.workflow.data import confirm_new_data, data_wish, refuse_gone_data
from fatecloud.workflow.departed import departed_notes, forget_emptied, remember_nodes
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import jobs_variables, refuse_or_wait
from fatecloud.workflow.key import make_key
from fatecloud.workflow.leases import recording_locked, wait_until_free
from fatecloud.workflow.load import Options, Session, load_session
from fatecloud.workflow.moved import ask_moved, refuse_example
from fatecloud.workflow.observe import manifests, observe
from fatecloud.workflow.outdated import refuse_changed
from fatecloud.workflow.plan import plan_from
from fatecloud.workflow.preflight import judge_preflight, reading
from fatecloud.workflow.prove import chosen_proof
from fatecloud.workflow.recorded import Recorded, recorded
from fatecloud.workflow.refusals import parties_hit, refuse_drift, refuse_left_data, refuse_unready
from fatecloud.workflow.secrets import SecretsFiles, promote
from fatecloud.workflow.ui import Ui
from fatecloud.workflow.verify import check, verify

_PLANS = 5
"""How many plans one deploy makes at most when others change the nodes, or hold them, between reading and changing."""

_NO_NODE = "all:!all"
"""Ansible's pattern for no node at all; it accepts this one without a warning."""


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
    session = load_session(options, need_store=True, need_secrets=False)
    refuse_example(session)
    wanted = replace(wanted, limit=select_nodes(session.resolved, wanted.selection, wanted.limit))
    wanted = replace(wanted, wish=data_wish(session.resolved, wanted.adopt_data, wanted.new_data, wanted.limit))
    confirm_new_data(session.resolved, wanted.wish, ask)
    if wanted.proof:
        chosen_proof(session.resolved, wanted.proof)  # an invalid name is refused before anything is done
    deadline = time.monotonic() + seconds(wanted.wait_lock)
    for left in reversed(range(_PLANS)):
        try:
            return _deploy(session, wanted, deadline, ui, confirm)
        except PlanOutdated as error:
            # An operator who was asked agreed to another plan than the one that would be carried out now.
            if confirm or not left:
                raise
            ui(Event("note", f"{error.message}; making a new plan"))
        except Locked as error:
            if time.monotonic() >= deadline or not left:
                raise
            ui(Event("note", f"{error.message}; waiting for it"))
    return 0


def _deploy(
    session: Session, wanted: DeployOptions, deadline: float, ui: Ui, confirm: Callable[[str], bool] | None
) -> int:
    """Read, plan, ask and do. `deadline`: until when to wait for another run, by the monotonic clock."""
    count = len(wanted.limit or session.cluster.nodes)
    ui(Event("step", f"reading {count} node{'s' if count != 1 else ''}"))
    asked = reading(session.resolved)
    read = partial(observe, session, probes=False, nodes=wanted.limit, deadline=wanted.deadline, extra=asked)
    observed = read(meanwhile=session.make_ready)
    with recording_locked(session, "deploy", wanted.argv, ui):
        if wait_until_free(session, observed, wanted.limit, max(0.0, deadline - time.monotonic()), ui):
            observed = read()
    ask_moved(session, observed, confirm, moved=wanted.moved)
    for line in (*departed_notes(session), *resized(session.cluster, observed)):
        ui(Event("note", line))
    _refuse_unready(session, observed, wanted, ui)
    plan = plan_from(session, observed, wanted.limit, wanted.wish)
    ui.plan(plan)
    _note_unknown_data(session, observed, wanted, ui)
    if plan.empty and not (plan.proof and wanted.verify):
        if _held(observed):
            _release_nodes(session, wanted, ui)
        make_key(session, ui)
        _end_rotations(session, wanted, ui)
        return 0
    refuse_drift(plan, wanted)
    refuse_left_data(plan, wanted)
    refuse_gone_data(plan)
    hit = runners_there(session.desired, observed, parties_hit(plan))
    wait = seconds(wanted.wait_jobs)
    refuse_or_wait(session, hit, interrupt=wanted.interrupt_jobs, wait=wait, events=ui)
    if confirm and not plan.empty:
        if not confirm(f"Do this to cluster {plan.cluster}?"):
            raise Refused("nothing was done")
        now = observe(session, probes=False, nodes=wanted.limit, deadline=wanted.deadline)
        refuse_changed(plan, observed, now, lambda: plan_from(session, now, wanted.limit, wanted.wish))
        # A job may have started since. The play asks again before it stops a service, but only after minutes of work.
        refuse_or_wait(session, hit, interrupt=wanted.interrupt_jobs, wait=wait, events=ui)
    _run(session, wanted, plan, observed, ui)
    return 0


def _run(session: Session, wanted: DeployOptions, plan: Plan, observed: Observed, ui: Ui) -> None:
    with recorded(session, "deploy", wanted.argv, ui, wanted.limit) as run:
        remember_nodes(session, observed)
        make_key(session, run.events)
        _converge(session, wanted, plan, observed, run, ui)
        _end_rotations(session, wanted, run.events)
        run.outcome = "unverified"
        forget_emptied(session, observed, run.events)
        verify(session, wanted, run, ui)
        _clear_stores(run, outdated_stores(session.desired, observed))


def _release_nodes(session: Session, wanted: DeployOptions, ui: Ui) -> None:
    """Release nodes that a run still held when it was killed at its very end.

    Taking them over is enough: they are released when this run ends. If the other run is alive, this raises Locked.
    """
    with recorded(session, "deploy", wanted.argv, ui, wanted.limit) as run:
        run.ansible.play("lease.yml")
        run.events(Event("ok", "no changes; released the node locks"))


def _converge(session: Session, wanted: DeployOptions, plan: Plan, observed: Observed, run: Recorded, ui: Ui) -> None:
    if plan.empty:
        run.ansible.play("lease.yml")
        return
    began = time.monotonic()
    for stage in plan.stages:
        run.events(Event("note", f"{stage.name}: {_summary(stage)}"))
    touched = sorted({node for stage in plan.stages for node in stage.nodes})
    services = sorted(
        {a.service for stage in plan.stages for a in stage.actions if a.service in session.desired.services}
    )
    variables = {
        "fatecloud_touched": ",".join(touched),
        "fatecloud_unprepared": ",".join(node for node in plan.unprepared if node in touched) or _NO_NODE,
        "fatecloud_only": services,
        "fatecloud_overwrite_drift": wanted.overwrite_drift,
        "fatecloud_shown": shown_states(observed),
        **jobs_variables(seconds(wanted.wait_jobs), interrupt=wanted.interrupt_jobs),
        "fatecloud_adopt_data": sorted(wanted.wish.adopt),
        "fatecloud_new_data": sorted(wanted.wish.new),
    }
    try:
        run.ansible.play("converge.yml", variables)
    except RunError as error:
        run.interruption.check()
        # The check may name the cause. Its subclasses (a lock, a refusal, an interruption) already name theirs.
        if type(error) is RunError:
            ui.report(check(session, wanted.limit))
        raise
    nodes = f"{len(touched)} nodes match" if len(touched) > 1 else f"{touched[0]} matches"
    run.events(Event("ok", f"{nodes} the inventory, after {time.monotonic() - began:.0f} s"))


def _clear_stores(run: Recorded, nodes: tuple[str, ...]) -> None:
    """Remove what an older release needed, once the smoke test of the new one succeeded. A failure is only noted."""
    if not nodes:
        return
    try:
        run.ansible.play("prune.yml", limit=nodes)
    except RunError as error:
        run.interruption.check()
        run.events(Event("note", f"could not remove what an older release left: {error.message}"))


def _end_rotations(session: Session, wanted: DeployOptions, events: Listener) -> None:
    """Make the next values of rotating secrets current in the vault: the nodes use them now."""
    names = session.rotating
    if not names:
        return
    if wanted.limit:
        events(Event("note", f"still in rotation, because the deploy was limited to some nodes: {', '.join(names)}"))
        return
    options = session.options
    files = SecretsFiles(options.inventory, options.secrets, options.vault_password_file)
    ended = promote(files, names, session.ask_vault_password)
    events(Event("ok", f"rotated: {', '.join(ended)}"))


def _refuse_unready(session: Session, observed: Observed, wanted: DeployOptions, ui: Ui) -> None:
    report = judge_preflight(session.desired, observed)
    if report.findings:
        ui.report(report)
    refuse_unready(report, wanted.wish)


def _note_unknown_data(session: Session, observed: Observed, wanted: DeployOptions, ui: Ui) -> None:
    """Warn about new services: a deploy of some nodes reads only these, so another node may have their data."""
    if not wanted.limit:
        return
    for key in starting_empty(session.desired, manifests(observed)):
        ui(Event("note", f"{key} is new here; because of --limit, no other node was searched for its data"))


def _held(observed: Observed) -> bool:
    """Whether any node has a lease, of a living run or of a dead one."""
    return any(facts.fact("lease").value for facts in observed.nodes.values() if isinstance(facts, NodeFacts))


def _summary(stage: Stage) -> str:
    verbs = {verb: sum(a.verb == verb for a in stage.actions) for verb in dict.fromkeys(a.verb for a in stage.actions)}
    return ", ".join(f"{count} x {verb}" for verb, count in verbs.items()) + f" on {', '.join(stage.nodes)}"
