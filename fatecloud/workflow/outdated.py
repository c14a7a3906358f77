"""Makes sure that a deploy does what its plan showed: others may change nodes while the operator reads the plan."""

from __future__ import annotations

from collections.abc import Callable

from fatecloud.errors import PlanOutdated
from fatecloud.model.observed import Observed
from fatecloud.model.plan import Plan
from fatecloud.plan.shown import shown_states
from fatecloud.workflow.failure import OUTDATED


def refuse_changed(shown: Plan, before: Observed, now: Observed, again: Callable[[], Plan]) -> None:
    """Refuse a plan whose nodes have changed since it was made.

    Their content is compared once more after the lease is taken, when no other run can change it any more.

    Args:
        shown: the plan that the operator has seen.
        before: the facts that it was made from.
        now: the same nodes, read again.
        again: makes a plan from `now`.

    Raises:
        PlanOutdated: a file or a record has changed, or a service, so that more would be done than was shown.
    """
    old, new = shown_states(before), shown_states(now)
    changed = [name for name in new if new[name] != old.get(name)]
    if changed:
        raise PlanOutdated(f"changed since the plan was shown: {', '.join(changed)}", remedy=OUTDATED)
    # Less than was shown is fine: a service may have started by itself.
    if _actions(again()) - _actions(shown):
        raise PlanOutdated("services have changed since the plan was shown", remedy=OUTDATED)


def _actions(plan: Plan) -> set[tuple[str, str, str]]:
    return {(a.verb, a.node, a.service) for s in plan.stages for a in s.actions}
