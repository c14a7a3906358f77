"""What verbs about trained models have done, as documents."""

from __future__ import annotations

from fatecloud.model.model_change import ModelChange, Step
from fatecloud.report.kinds.trained import ModelChangeDocument, ModelStepDocument


def change_document(change: ModelChange) -> ModelChangeDocument:
    """The steps, and whether they were made."""
    return {
        "what": change.what,
        "service": change.service,
        "done": change.done,
        "steps": [_step(step) for step in change.steps],
        "notes": list(change.notes),
    }


def _step(step: Step) -> ModelStepDocument:
    return {
        "service": step.key,
        "what": "bind" if step.service else "load",
        "model": step.part.model,
        "version": step.part.version,
        "role": step.part.role,
        "party": step.part.party,
        "size": step.size,
        "before": step.before.version if step.before else None,
    }
