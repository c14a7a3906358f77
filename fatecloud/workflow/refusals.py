"""The reasons to refuse a deploy before anything is changed; a plan shows all of them."""

from __future__ import annotations

from fatecloud.checks.preflight import blocking
from fatecloud.errors import Refused
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Report
from fatecloud.model.owner import needing
from fatecloud.model.plan import Plan
from fatecloud.model.remedy import OVERWRITE
from fatecloud.plan.data import NO_WISH, DataWish
from fatecloud.workflow.data import still_blocking
from fatecloud.workflow.deploy_options import DeployOptions

HITTING = ("restart", "stop", "remove", "migrate")
"""Verbs of a plan that end the running jobs of a service."""


def refuse_unready(report: Report, wish: DataWish = NO_WISH) -> None:
    """Refuse to deploy while preflight has findings that block it.

    Args:
        wish: what the operator decided about missing data.

    Raises:
        Refused: preflight found problems, or could not read a node.
    """
    blockers = still_blocking(blocking(report), wish)
    if blockers:
        raise Refused(
            f"{len(blockers)} problem{'s' if len(blockers) > 1 else ''} must be solved first",
            remedy="fatecloud preflight --fix"
            if all(finding.fix for finding in blockers)
            else "do what each problem lists, then run the same command again",
        )


def refuse_drift(plan: Plan, wanted: DeployOptions) -> None:
    """Keep files that were edited by hand, unless --overwrite-drift is set. Raises Refused."""
    if plan.drifted and not wanted.overwrite_drift:
        paths = ", ".join(f"{change.node}:{change.path}" for change in plan.drifted)
        raise Refused(
            f"these files were edited by hand, or are not ours: {paths}",
            remedy=f"put the change into the inventory; or replace them, of which copies are kept: {OVERWRITE.command}",
        )


def refuse_left_data(plan: Plan, wanted: DeployOptions) -> None:
    """Leave no data behind, unless --leave-data is set. Raises Refused."""
    if plan.missed and not wanted.leave_data:
        services = ", ".join(f"{left.service} ({left.node}:{left.path})" for left in plan.missed)
        raise Refused(
            f"the data of these services would not be moved: {services}",
            remedy="undo the move in the inventory; or copy the data first, if you need them, and use --leave-data",
        )


def owners_hit(plan: Plan, desired: Desired) -> set[str]:
    """Ids of the owners that the plan would interrupt: of the services that it stops, and of those that need them."""
    hit = {action.service for stage in plan.stages for action in stage.actions if action.verb in HITTING}
    services = (key.partition("@")[0].partition("/") for key in hit)
    # A database that restarts takes the jobs of all flows along that use it.
    return {owner for of, _, name in services for owner in needing(desired.cluster.owners, of, name)}
