"""What `route undo` would put back: chosen from the versions that nodes keep. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from fatecloud.errors import NoMatch
from fatecloud.model.duration import duration_text
from fatecloud.model.earlier import Version
from fatecloud.model.plan import Action, FileChange, Plan, Stage


def chosen(kept: Mapping[str, tuple[Version, ...]], run: str | None, now: float) -> dict[str, Version]:
    """Service -> the version that is put back: that before one run, of all services that this run changed.

    Args:
        kept: service -> its versions, the oldest first.
        run: whose changes are undone; None for those of the last one.
        now: seconds since the epoch.

    Raises:
        NoMatch: no version is kept, or none of this run.
    """
    runs = {version.run: version.at for versions in kept.values() for version in versions}
    if not runs:
        raise NoMatch(
            "no earlier table of routes is kept here", remedy="each run that changes a table keeps the old one"
        )
    wanted = max(runs, key=lambda one: runs[one]) if run is None else run
    if wanted not in runs:
        known = ", ".join(f"{one} ({duration_text(now - at)} ago)" for one, at in sorted(runs.items(), key=_at))
        raise NoMatch(f"run {wanted} changed no table of routes that is kept here", remedy=f"these did: {known}")
    found = {key: [one for one in versions if one.run == wanted] for key, versions in kept.items()}
    return {key: versions[-1] for key, versions in found.items() if versions}


def _at(item: tuple[str, float]) -> float:
    return item[1]


def undo_plan(
    cluster: str,
    node_of: Mapping[str, str],
    versions: Mapping[str, Version],
    manifests: Mapping[str, Mapping[str, Any]],
    texts: Mapping[str, str],
) -> Plan:
    """What is put back, as a plan.

    Args:
        cluster: its name.
        node_of: service -> its node.
        versions: service -> what it gets.
        manifests: node -> its record.
        texts: digest -> text, as far as nodes gave them.
    """
    changes = []
    for key, version in sorted(versions.items()):
        recorded = manifests[node_of[key]].get("files", {})
        for path, old in sorted(version.files.items()):
            new: Mapping[str, Any] | None = recorded.get(path)
            if (new or {}).get("digest") != (old or {}).get("digest"):
                diff = _diff(path, _text(new, texts), _text(old, texts))
                changes.append(FileChange(node_of[key], path, _kind(old, new), key, diff))
    actions = tuple(Action("configure", one.node, one.service, f"{one.kind} {one.path}") for one in changes)
    return Plan(cluster, (Stage("routes", actions),) if actions else (), tuple(changes), proof=())


def _kind(old: object, new: object) -> Literal["create", "change", "remove"]:
    if not old:
        return "remove"
    return "change" if new else "create"


def _text(entry: Mapping[str, Any] | None, texts: Mapping[str, str]) -> str:
    return texts.get(entry["digest"], "") if entry else ""


def _diff(path: str, now: str, then: str) -> str:
    names = (f"{path} (now)", f"{path} (before)")
    return "\n".join(difflib.unified_diff(now.splitlines(), then.splitlines(), *names, lineterm="", n=2))
