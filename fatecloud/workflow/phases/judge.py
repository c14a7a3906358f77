"""Phases that judge what was read, and plan. They change nothing."""

from __future__ import annotations

from fatecloud.model.event import Event
from fatecloud.model.observed import NodeFacts
from fatecloud.plan.data import starting_empty
from fatecloud.workflow import refusals, upgrades
from fatecloud.workflow.data import refuse_gone_data
from fatecloud.workflow.key import make_key
from fatecloud.workflow.observe import manifests
from fatecloud.workflow.phases.finish import end_rotations
from fatecloud.workflow.phases.state import Deploy
from fatecloud.workflow.plan import plan_from
from fatecloud.workflow.preflight import judge_preflight
from fatecloud.workflow.recorded import recorded


def refuse_upgrades(deploy: Deploy) -> None:
    """Stop before a release takes the place of one whose data it cannot read."""
    upgrades.refuse_upgrades(deploy.session, deploy.observed, deploy.wanted.wish)


def refuse_unready_nodes(deploy: Deploy) -> None:
    """Show what preflight found; stop if any of it would make the deploy fail."""
    report = judge_preflight(deploy.session.desired, deploy.observed)
    if report.findings:
        deploy.ui.report(report)
    refusals.refuse_unready(report, deploy.wanted.wish)


def plan(deploy: Deploy) -> None:
    """Compare, and show the plan."""
    deploy.plan = plan_from(deploy.session, deploy.observed, deploy.wanted.limit, deploy.wanted.wish)
    deploy.ui.plan(deploy.plan)


def note_unknown_data(deploy: Deploy) -> None:
    """Warn about new services: a deploy of some nodes reads only these, so another node may have their data."""
    if not deploy.wanted.limit:
        return
    for key in starting_empty(deploy.session.desired, manifests(deploy.observed)):
        deploy.note(f"{key} is new here; because of --limit, no other node was searched for its data")


def stop_if_nothing_is_to_be_done(deploy: Deploy) -> None:
    """End here if the nodes match the inventory and the smoke test has succeeded with this configuration."""
    if not deploy.plan.empty or (deploy.plan.proof and deploy.wanted.verify):
        return
    # A run that was killed after its last change left its lease, and nothing else to do.
    if _held(deploy):
        _release_nodes(deploy)
    make_key(deploy.session, deploy.events)
    # An earlier deploy may have been killed right before it did this.
    end_rotations(deploy)
    deploy.over = True


def refuse_edited_files(deploy: Deploy) -> None:
    """Replace no file that someone edited by hand, without --overwrite-drift."""
    refusals.refuse_drift(deploy.plan, deploy.wanted)


def refuse_to_lose_data(deploy: Deploy) -> None:
    """Leave no data behind, and start no service without the data that it had, unless the operator says so."""
    refusals.refuse_left_data(deploy.plan, deploy.wanted)
    refuse_gone_data(deploy.plan)


def _held(deploy: Deploy) -> bool:
    """Whether any node has a lease, of a living run or of a dead one."""
    nodes = deploy.observed.nodes.values()
    return any(facts.fact("lease").value for facts in nodes if isinstance(facts, NodeFacts))


def _release_nodes(deploy: Deploy) -> None:
    """Release nodes that a run still held when it was killed at its very end.

    Taking them over is enough: they are released when this run ends. If the other run is alive, this raises Locked.
    """
    with recorded(deploy.session, "deploy", deploy.wanted.argv, deploy.ui, deploy.wanted.limit) as run:
        run.ansible.play("lease.yml")
        run.events(Event("ok", "no changes; released the node locks"))
