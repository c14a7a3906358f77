"""A plan as text: a summary, then its files, then its actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from fatecloud.model.plan import Action, FileChange, GoneData, LeftData, Plan, Stage
from fatecloud.report.diff import body_of, diff_lines
from fatecloud.report.look import Look, toned

_PAST = {
    "create": "new",
    "change": "changed",
    "mode": "with another mode",
    "owner": "with another owner",
    "remove": "removed",
}
_SHOWN_LINES = 40
_SHOWN_NAMES = 6


def plan_text(plan: Plan, look: Look | None = None, *, full: bool = False) -> str:
    """The whole plan.

    Args:
        look: what the reader's terminal can show.
        full: show each file by itself and each difference in full; otherwise equal changes are shown once.
    """
    look = look or Look()
    return "\n".join(
        [*summary(plan, look), *_warnings(plan, look), *_files(plan, look, full=full), *_actions(plan, look)]
    )


def summary(plan: Plan, look: Look) -> Iterator[str]:
    """The plan in a few lines."""
    actions = [action for stage in plan.stages for action in stage.actions]
    if not actions:
        tail = (
            f" (but the smoke test of {', '.join(plan.proof)} has not succeeded yet with this configuration)"
            if plan.proof
            else ""
        )
        yield f"{plan.cluster}: nothing to do{tail}"
        return
    nodes = sorted({action.node for action in actions})
    verbs = Counter(action.verb for action in actions)
    counts = ", ".join(f"{count} {verb}" for verb, count in verbs.items())
    head = f"{plan.cluster}: {_count(len(actions), 'action')} on {_count(len(nodes), 'node')}"
    yield f"{toned(head, '1', look)}: {counts}"
    if plan.files:
        kinds = Counter(change.kind for change in plan.files)
        yield f"  files: {', '.join(f'{count} {_PAST[kind]}' for kind, count in kinds.items())}"
    for verb in ("migrate", "restart", "remove"):
        keys = [action.service for action in actions if action.verb == verb]
        if keys:
            yield f"  {verb}: {_names(keys)}"


def _warnings(plan: Plan, look: Look) -> Iterator[str]:
    if plan.drifted:
        files = "1 file was" if len(plan.drifted) == 1 else f"{len(plan.drifted)} files were"
        yield toned(f"  DRIFTED: {files} edited by hand, or not deployed by us; see below", "33", look)
    for left in plan.left:
        yield toned(f"  DATA NOT MOVED: {left_text(left)}", "33", look)
    for kept in plan.unneeded:
        what = f"{', '.join(kept.names)} in {kept.service}: no service needs them any more; they stay there"
        yield toned(f"  NOT NEEDED: {what}", "33", look)
    for gone in plan.gone:
        yield toned(f"  DATA NOT THERE: {gone_text(gone)}", "31", look)


def _files(plan: Plan, look: Look, *, full: bool) -> Iterator[str]:
    if not plan.files:
        return
    yield from ("", toned("Files", "1", look))
    yield from _whole(plan.files, look) if full else _folded(plan.files, look)


def _whole(files: Sequence[FileChange], look: Look) -> Iterator[str]:
    for change in files:
        yield from _file([change], look, None)


def _folded(files: Sequence[FileChange], look: Look) -> Iterator[str]:
    """New files are only counted. Other files with the same change are shown together."""
    plain = [change for change in files if change.kind == "create"]
    for service, count in Counter((c.service, c.node if c.service == "node" else "") for c in plain).items():
        owner = service[0] if service[0] != "node" else service[1]
        yield f"  {'create':<7} {_count(count, 'file')} for {owner}"
    alike: dict[tuple[object, ...], list[FileChange]] = {}
    for change in files:
        if change.kind != "create":
            place = "" if change.diff or change.edited else change.path
            key = (change.kind, change.drifted, body_of(change.diff), change.edited, place)
            alike.setdefault(key, []).append(change)
    for group in alike.values():
        yield from _file(group, look, _SHOWN_LINES)


def _file(group: Sequence[FileChange], look: Look, limit: int | None) -> Iterator[str]:
    """Files with the same change, and the change."""
    first = group[0]
    paths = {change.path for change in group}
    if len(paths) == 1:
        where = f"{_names(change.node for change in group)}: {first.path}"
    else:
        where = _names(f"{change.node}:{change.path}" for change in group)
    yield toned(f"  {first.kind:<7} {where}", "1", look)
    if first.drifted:
        yield toned("    DRIFTED: what was deployed (-) and what is there now (+):", "33", look)
        yield from (f"      {line}" for line in diff_lines(tuple(first.edited.splitlines()), look, limit))
    if first.kind != "change":
        return
    body = body_of(first.diff)
    if first.drifted and body:
        yield "    PLANNED: what was deployed (-) and what the deploy would write (+):"
    if not body and not first.drifted:
        yield "      a secret in it has a new value"
    yield from (f"      {line}" for line in diff_lines(body, look, limit))


def _actions(plan: Plan, look: Look) -> Iterator[str]:
    if plan.empty:
        return
    yield from ("", toned("Actions", "1", look))
    files = {(change.node, f"{change.kind} {change.path}") for change in plan.files}
    for stage in plan.stages:
        yield f"  {stage.name}:"
        yield from (f"    {line}" for line in _stage(stage, files))


def _stage(stage: Stage, files: Collection[tuple[str, str]]) -> Iterator[str]:
    """Services and nodes with the same actions together. Files are only counted, because they are listed above."""
    by_subject: dict[str, list[Action]] = {}
    for action in stage.actions:
        by_subject.setdefault(action.service if action.service != "node" else action.node, []).append(action)
    alike: dict[tuple[str, ...], list[str]] = {}
    for subject, actions in by_subject.items():
        alike.setdefault(tuple(_steps(actions, files)), []).append(subject)
    for steps, subjects in alike.items():
        yield f"{_names(subjects)}: {'; '.join(steps)}"


def _steps(actions: Sequence[Action], files: Collection[tuple[str, str]]) -> Iterator[str]:
    listed = [action for action in actions if (action.node, action.reason) in files]
    for action in actions:
        if action not in listed:
            yield f"{action.verb} ({action.reason})"
        elif action is listed[0]:
            yield f"{action.verb} ({_count(len(listed), 'file')})"


def gone_text(gone: GoneData) -> str:
    """Where data were, and what is there now."""
    state = gone.state
    if not state.then:
        return f"{gone.service}: {state.path} on {gone.node} has the mark of other data"
    place = f"{gone.service}: its data were in {state.path} on {gone.node} ({state.then})"
    return f"{place}; now there is {state.found} ({state.now})"


def left_text(left: LeftData) -> str:
    """Where data stay, and where the service that replaces theirs starts empty."""
    stay = f"{left.service}: its data ({left.what}) stay on {left.node} in {left.path}"
    if not left.heir:
        return stay
    return (
        f"{stay}; {left.heir} will start empty in {left.heir_path} on {left.heir_node} unless you copy the data first"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _names(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    more = len(known) - _SHOWN_NAMES
    return ", ".join(known) if more <= 1 else f"{', '.join(known[:_SHOWN_NAMES])} and {more} more"
