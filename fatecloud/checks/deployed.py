"""Checks of what a deployment left behind: files, modes, and whether the inventory has moved on since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.model.accounts import owner_of
from fatecloud.model.check import Code, FactAbsent, NodeView, ServiceView, node_check, service_check
from fatecloud.model.desired import DesiredFile
from fatecloud.model.finding import Finding

_SHOWN = 10
# Bits of a mode for everyone but owner and group.
_OTHERS = 0o007

MISSING = Code("FILE_MISSING", "critical", "A file that was deployed is gone.", settles=False)
DRIFTED = Code("FILE_DRIFTED", "warning", "A deployed file was changed outside fatecloud.", settles=False)
MODE = Code(
    "FILE_MODE",
    "warning",
    "A deployed file has a different mode or owner than it was deployed with.",
    ("SERVICE_USER_MISSING",),
    settles=False,
)
READABLE = Code(
    "SECRET_READABLE", "critical", "Everyone on the node can read a file that holds a secret.", settles=False
)
PENDING = Code(
    "DEPLOY_PENDING",
    "warning",
    "What is deployed differs from what the inventory or the release asks for.",
    settles=False,
)
_REDEPLOY = ("fatecloud plan", "fatecloud deploy")

Entries = Mapping[str, Mapping[str, Any]]


def _recorded(view: NodeView, owner: str) -> Entries:
    """The manifest's files of one service, or of the node itself (`node`)."""
    manifest = view.fact("manifest") or {}
    return {path: e for path, e in sorted(manifest.get("files", {}).items()) if e.get("service") == owner}


def _intact(view: NodeView, owner: str) -> Iterator[Finding]:
    recorded, seen = _recorded(view, owner), view.fact("files")
    gone = [path for path in recorded if path in seen and seen[path] is None]
    there = {path: seen[path] for path in recorded if seen.get(path) is not None}
    # With the real hash, so that an edit of a password counts too.
    changed = [p for p, entry in there.items() if entry["sha256"] and entry["sha256"] != recorded[p]["sha256"]]
    if gone:
        yield _finding(
            view, MISSING, gone, "is gone", expected="as deployed", got="no file", remedy=("fatecloud deploy",)
        )
    if changed:
        remedy = (
            f"fatecloud plan  # shows what was edited on {view.facts.node}",
            "fatecloud deploy --overwrite-drift  # keeps a copy of what is there",
        )
        got = f"sha256 {there[changed[0]]['sha256'][:16]}..."
        expected = f"sha256 {recorded[changed[0]]['sha256'][:16]}..."
        cause = "it was edited by hand or by another tool since it was deployed"
        yield _finding(view, DRIFTED, changed, "was changed", expected=expected, got=got, remedy=remedy, cause=cause)
    unread = [path for path, entry in there.items() if not entry["sha256"]]
    if unread:
        raise FactAbsent(f"{unread[0]}: {there[unread[0]].get('error', 'not hashed')}")


@node_check(MISSING, DRIFTED, after=("MANIFEST_ABSENT",))
def node_files(view: NodeView) -> Iterator[Finding]:
    """The node's own files are as fatecloud deployed them."""
    return _intact(view, "node")


@service_check(MISSING, DRIFTED, after=("MANIFEST_ABSENT",))
def service_files(view: ServiceView) -> Iterator[Finding]:
    """A service's files are as fatecloud deployed them."""
    return _intact(view, view.service.id.key)


@service_check(MODE, READABLE, after=("MANIFEST_ABSENT",))
def modes(view: ServiceView) -> Iterator[Finding]:
    """Modes and owners are as deployed, and only the service can read its secrets."""
    recorded, seen = _recorded(view, view.service.id.key), view.fact("files")
    secret = {file.path for file in _files(view) if file.secret}
    there = {path: seen[path] for path in recorded if seen.get(path) is not None and seen[path]["owner"]}
    open_ = [path for path, entry in there.items() if path in secret and int(entry["mode"], 8) & _OTHERS]
    if open_:
        got, path = there[open_[0]]["mode"], open_[0]
        fix = f"chmod {recorded[path]['mode']} {path}"
        cause = "every user of the node can read the passwords in it; consider rotating them"
        yield _finding(
            view,
            READABLE,
            open_,
            "can be read by everyone",
            expected="no rights for others",
            got=got,
            remedy=(fix,),
            cause=cause,
        )
    wrong = [
        path for path, entry in there.items() if path not in open_ and not _same_rights(view, recorded[path], entry)
    ]
    if wrong:
        want, have = recorded[wrong[0]], there[wrong[0]]
        yield _finding(
            view,
            MODE,
            wrong,
            "has the wrong mode or owner",
            expected=f"{_owner(view, want)}:{_group(view, want) or have['group']} {want['mode']}",
            got=f"{have['owner']}:{have['group']} {have['mode']}",
            remedy=("fatecloud deploy",),
        )


@service_check(PENDING, after=("MANIFEST_ABSENT",))
def up_to_date(view: ServiceView) -> Iterator[Finding]:
    """What is deployed is what the inventory says today; compared without secrets."""
    key, manifest = view.service.id.key, view.fact("manifest") or {}
    record = manifest.get("services", {}).get(key, {})
    recorded, wanted = _recorded(view, key), {file.path: file for file in _files(view)}
    differs = [f"{path} must be written" for path in wanted if path not in recorded]
    differs += [f"{path} must be removed" for path in recorded if path not in wanted]
    differs += [
        f"{path} must be changed"
        for path in wanted
        # By the hash without secrets: a rotation that has begun is not a difference yet.
        if path in recorded and recorded[path]["digest"] != wanted[path].digest
    ]
    if record and record.get("version") not in (None, view.service.version):
        differs.insert(0, f"version {record['version']} is deployed, {view.service.version} is wanted")
    if differs:
        yield Finding(
            PENDING.name,
            PENDING.severity,
            view.subject,
            differs[0] + (f", and {len(differs) - 1} more" if differs[1:] else ""),
            cause="the inventory or the release was changed after the last deployment",
            remedy=_REDEPLOY,
            expected="deployed as the inventory says",
            got=f"{len(differs)} differences",
            evidence=tuple(sorted(differs)[:_SHOWN]),
            source="fact manifest",
        )


def _files(view: ServiceView) -> list[DesiredFile]:
    return [f for f in view.desired.files.get(view.facts.node, ()) if f.service == view.service.id.key]


def _owner(view: NodeView, entry: Mapping[str, Any]) -> str:
    """The user on this node that an `owner` in the manifest means."""
    service = view.desired.services.get(entry["service"])
    if entry["owner"] == "service" and service:
        return service.user
    return owner_of(view.desired.node(view.facts.node)).user


def _group(view: NodeView, entry: Mapping[str, Any]) -> str:
    """The group that a file has to have, so that its service can read it; empty where everyone can, or without root."""
    service = view.desired.services.get(entry["service"])
    named = service and view.desired.node(view.facts.node).become == "root"
    return service.group if service and named and not int(entry["mode"], 8) & _OTHERS else ""


def _same_rights(view: NodeView, want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    same = int(want["mode"], 8) == int(have["mode"], 8) and _owner(view, want) in ("", have["owner"])
    return same and _group(view, want) in ("", have["group"])


def _finding(view: NodeView, code: Code, paths: list[str], what: str, **more: Any) -> Finding:
    symptom = f"{paths[0]} {what}" + (f", and {len(paths) - 1} more" if paths[1:] else "")
    return Finding(
        code.name, code.severity, view.subject, symptom, evidence=tuple(paths[:_SHOWN]), source="fact files", **more
    )
