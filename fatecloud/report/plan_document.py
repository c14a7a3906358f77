"""A plan as a document for programs."""

from __future__ import annotations

from fatecloud.model.plan import Plan
from fatecloud.report.kinds import DeployPlan


def plan_document(plan: Plan) -> DeployPlan:
    """Everything that a deploy would do."""
    return {
        "cluster": plan.cluster,
        "empty": plan.empty,
        "smoke_test": plan.proof,
        "stages": [
            {
                "name": stage.name,
                "actions": [
                    {"verb": a.verb, "node": a.node, "service": a.service, "reason": a.reason} for a in stage.actions
                ],
            }
            for stage in plan.stages
        ],
        "files": [
            {
                "node": change.node,
                "path": change.path,
                "service": change.service,
                "change": change.kind,
                "drifted": change.drifted,
                "diff": change.diff,
            }
            for change in plan.files
        ],
        "data_not_moved": [
            {
                "service": left.service,
                "node": left.node,
                "path": left.path,
                "data": left.what,
                "successor": left.heir,
                "successor_node": left.heir_node,
                "successor_path": left.heir_path,
            }
            for left in plan.left
        ],
    }
