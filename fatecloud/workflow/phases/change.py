"""Phases that change nodes, in a run of the history."""

from __future__ import annotations

import time

from fatecloud.errors import RunError
from fatecloud.model.duration import seconds
from fatecloud.model.event import Event
from fatecloud.model.plan import Stage
from fatecloud.plan.shown import shown_states
from fatecloud.render.turns import stage_turns
from fatecloud.workflow import departed, key
from fatecloud.workflow.jobs import jobs_variables
from fatecloud.workflow.phases.state import Deploy
from fatecloud.workflow.running import running
from fatecloud.workflow.verify import check

_NO_NODE = "all:!all"
"""Ansible's pattern for no node at all; it accepts this one without a warning."""


def remember_nodes(deploy: Deploy) -> None:
    """Note which nodes get services, before they do: one that leaves the inventory is then missed."""
    departed.remember_nodes(deploy.session, deploy.observed)


def make_signing_key(deploy: Deploy) -> None:
    """Make the cluster's key at its first deploy."""
    key.make_key(deploy.session, deploy.events)


def converge(deploy: Deploy) -> None:
    """Take the nodes' leases, and carry out the plan on them, stage after stage."""
    run, plan = deploy.run, deploy.plan
    if plan.empty:
        # The smoke test must not run beside another run, so it takes the leases too.
        run.ansible.play("lease.yml")
        return
    # All stages in one play: a start of Ansible for each would cost seconds every time.
    began = time.monotonic()
    for stage in plan.stages:
        deploy.note(f"{stage.name}: {_summary(stage)}")
    touched = sorted({node for stage in plan.stages for node in stage.nodes})
    try:
        run.ansible.play("converge.yml", _variables(deploy, touched))
    except RunError as error:
        run.interruption.check()
        # The check may name the cause. Its subclasses (a lock, a refusal, an interruption) already name theirs.
        if type(error) is RunError:
            deploy.ui.report(check(deploy.session, deploy.wanted.limit))
        raise
    nodes = f"{len(touched)} nodes match" if len(touched) > 1 else f"{touched[0]} matches"
    deploy.events(Event("ok", f"{nodes} the inventory, after {time.monotonic() - began:.0f} s"))


def _variables(deploy: Deploy, touched: list[str]) -> dict[str, object]:
    plan, wanted, desired = deploy.plan, deploy.wanted, deploy.session.desired
    only = sorted({a.service for s in plan.stages for a in s.actions if a.service in desired.services})
    return {
        "fatecloud_touched": ",".join(touched),
        "fatecloud_unprepared": ",".join(node for node in plan.unprepared if node in touched) or _NO_NODE,
        "fatecloud_only": only,
        "fatecloud_converges": only,
        "fatecloud_restarts": sorted({a.service for s in plan.stages for a in s.actions if a.verb == "restart"}),
        "fatecloud_stages": stage_turns(desired, running(desired, deploy.observed)),
        "fatecloud_overwrite_drift": wanted.overwrite_drift,
        "fatecloud_shown": shown_states(deploy.observed),
        **jobs_variables(seconds(wanted.wait_jobs), interrupt=wanted.interrupt_jobs),
        "fatecloud_adopt_data": sorted(wanted.wish.adopt),
        "fatecloud_new_data": sorted(wanted.wish.new),
    }


def _summary(stage: Stage) -> str:
    verbs = {verb: sum(a.verb == verb for a in stage.actions) for verb in dict.fromkeys(a.verb for a in stage.actions)}
    return ", ".join(f"{count} x {verb}" for verb, count in verbs.items()) + f" on {', '.join(stage.nodes)}"
