"""A plan as text."""

from __future__ import annotations

from fatecloud.model.plan import LeftData, Plan


def plan_text(plan: Plan) -> str:
    """Diffs per file, then actions per stage, then one line that sums up."""
    if plan.empty:
        tail = " (the proving job has no success on record)" if plan.proof else ""
        return f"{plan.cluster}: nothing to do{tail}"
    lines: list[str] = []
    for change in plan.files:
        mark = "  DRIFTED: edited by hand since we wrote it, or not ours" if change.drifted else ""
        lines.append(f"{change.node}: {change.kind} {change.path}{mark}")
        if change.kind == "change":
            same = [] if change.drifted else ["    a secret in it has a new value"]
            lines += [f"    {line}" for line in change.diff.splitlines()] or same
    for stage in plan.stages:
        lines.append(f"{stage.name}:")
        lines += [f"  {a.verb:<9} {a.service if a.service != 'node' else a.node}: {a.reason}" for a in stage.actions]
    lines += [f"DATA STAY BEHIND: {left_text(left)}" for left in plan.left]
    actions = [action for stage in plan.stages for action in stage.actions]
    nodes = {action.node for action in actions}
    lines.append(f"{plan.cluster}: {len(actions)} actions on {len(nodes)} node{'s' if len(nodes) != 1 else ''}")
    return "\n".join(lines)


def left_text(left: LeftData) -> str:
    """Where data stay, and what the service that goes on without them starts with."""
    stay = f"{left.service}: its data ({left.what}) stay on {left.node} in {left.path}"
    if not left.heir:
        return stay
    place = f"{left.heir_path} on {left.heir_node}"
    return f"{stay}; {left.heir} starts with what lies in {place}: nothing, unless you have copied them there"
