"""A plan as a document for programs."""

from __future__ import annotations

from fatecloud.model.forecast import Forecast, Refusal
from fatecloud.model.plan import FileChange, LeftData, Plan, Stage
from fatecloud.report.kinds.plan import DeployPlan, FileDocument, LeftDocument, RefusalDocument, StageDocument


def plan_document(forecast: Forecast) -> DeployPlan:
    """Everything that a deploy would do, and the reasons to refuse it."""
    plan = forecast.plan or Plan(forecast.cluster, (), (), proof=())
    return {
        "cluster": forecast.cluster,
        "exit_status": forecast.exit_status,
        "refusals": [_refusal(refusal) for refusal in forecast.refusals],
        "complete": forecast.plan is not None,
        "empty": forecast.plan is not None and plan.empty,
        "smoke_test": list(plan.proof),
        "stages": [_stage(stage) for stage in plan.stages],
        "files": [_file(change) for change in plan.files],
        "data_not_moved": [_left(left) for left in plan.left],
        "objects_not_needed": [{"service": one.service, "names": list(one.names)} for one in plan.unneeded],
    }


def _refusal(refusal: Refusal) -> RefusalDocument:
    return {
        "exit_status": refusal.exit_status,
        "message": refusal.message,
        "remedy": refusal.remedy,
        "details": list(refusal.details),
    }


def _stage(stage: Stage) -> StageDocument:
    return {
        "name": stage.name,
        "actions": [{"verb": a.verb, "node": a.node, "service": a.service, "reason": a.reason} for a in stage.actions],
    }


def _file(change: FileChange) -> FileDocument:
    return {
        "node": change.node,
        "path": change.path,
        "service": change.service,
        "change": change.kind,
        "drifted": change.drifted,
        "diff": change.diff,
        "edited": change.edited,
    }


def _left(left: LeftData) -> LeftDocument:
    return {
        "service": left.service,
        "node": left.node,
        "path": left.path,
        "data": left.what,
        "successor": left.heir,
        "successor_node": left.heir_node,
        "successor_path": left.heir_path,
    }
