"""Phases after which a deploy may go on: no job is interrupted unasked, and the operator wants the plan."""

from __future__ import annotations

from fatecloud.errors import Refused
from fatecloud.model.duration import seconds
from fatecloud.workflow.jobs import refuse_or_wait
from fatecloud.workflow.observe import observe
from fatecloud.workflow.outdated import refuse_changed
from fatecloud.workflow.phases.state import Deploy
from fatecloud.workflow.plan import plan_from


def let_jobs_end(deploy: Deploy) -> None:
    """Wait for the jobs that the plan would interrupt, or refuse."""
    wanted = deploy.wanted
    wait = seconds(wanted.wait_jobs)
    refuse_or_wait(deploy.session, deploy.job_runners(), interrupt=wanted.interrupt_jobs, wait=wait, events=deploy.ui)


def ask_the_operator(deploy: Deploy) -> None:
    """Ask, unless --yes was given. A person may take hours: then what was agreed to must still hold."""
    if deploy.confirm is None or deploy.plan.empty:
        return
    session, wanted = deploy.session, deploy.wanted
    if not deploy.confirm(f"Do this to cluster {deploy.plan.cluster}?"):
        raise Refused("nothing was done")
    # A person may read a plan for hours, and others may deploy meanwhile.
    now = observe(session, probes=False, nodes=wanted.limit, deadline=wanted.deadline)
    refuse_changed(deploy.plan, deploy.observed, now, lambda: plan_from(session, now, wanted.limit, wanted.wish))
    # A job may have started since. The play asks again before it stops a service, but only after minutes of work.
    let_jobs_end(deploy)
