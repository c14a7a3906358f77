"""Checks of what a deployment left behind: files, modes, and whether the inventory has moved on since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.pending import ALL, NODE, differences
from fatecloud.model import check as model
from fatecloud.model.access import OTHERS, access_of, folders_of, folders_open, folders_wrong, is_given, taking_back
from fatecloud.model.accounts import Account
from fatecloud.model.check import Code, FactAbsent, NodeView, ServiceView, node_check, service_check
from fatecloud.model.desired import DesiredFile, DesiredService
from fatecloud.model.earlier import versions_of
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import DEPLOY, PUT_BACK, REDEPLOY, Edit, Run

_SHOWN = 10

MISSING = Code(
    "FILE_MISSING", "critical", "A file or directory that was deployed is gone.", settles=False, underlies=True
)
DRIFTED = Code(
    "FILE_DRIFTED", "warning", "A deployed file was changed outside fatecloud.", settles=False, underlies=True
)
MODE = Code(
    "FILE_MODE",
    "warning",
    "A deployed file or directory has a different mode or owner than it was deployed with.",
    ("SERVICE_USER_MISSING",),
    settles=False,
    underlies=True,
)
READABLE = Code(
    "SECRET_READABLE", "critical", "Everyone on the node can read a file that holds a secret.", settles=False
)
PENDING = Code(
    model.PENDING,
    "warning",
    "What is deployed differs from what the inventory or the release asks for.",
    settles=False,
)

Entries = Mapping[str, Mapping[str, Any]]
Pair = tuple[Mapping[str, Any], Mapping[str, Any]]
"""How a file was recorded, and how it is."""


def _recorded(view: NodeView, owner: str) -> Entries:
    """The manifest's files of one service, or of the node itself (`node`)."""
    manifest = view.fact("manifest") or {}
    return {path: e for path, e in sorted(manifest.get("files", {}).items()) if e.get("service") == owner}


def _intact(view: NodeView, service: DesiredService | None) -> Iterator[Finding]:
    recorded, seen = _recorded(view, service.id.key if service else "node"), view.fact("files")
    pending = (view.fact("manifest") or {}).get("pending", {})
    gone = [path for path in recorded if path in seen and seen[path] is None]
    gone += _folders(view, service)[0]
    there = {path: seen[path] for path in recorded if seen.get(path) is not None}
    # With the real hash, so that an edit of a password counts too.
    # A run writes down what it is about to write, and a check may come between the two.
    fine = {path: (None, entry["sha256"], pending.get(path)) for path, entry in recorded.items()}
    changed = [path for path, entry in there.items() if entry["sha256"] not in fine[path]]
    if gone:
        yield _finding(view, MISSING, gone, "is gone", expected="as deployed", got="nothing there", remedy=(DEPLOY,))
    if changed:
        remedy = PUT_BACK
        got = f"sha256 {there[changed[0]]['sha256'][:16]}..."
        expected = f"sha256 {recorded[changed[0]]['sha256'][:16]}..."
        cause = "it was edited by hand or by another tool since it was deployed"
        yield _finding(
            view,
            DRIFTED,
            changed,
            "was changed",
            expected=expected,
            got=got,
            remedy=remedy,
            cause=cause,
            began=min((time for path in changed if (time := there[path].get("mtime"))), default=None),
        )
    unread = [path for path, entry in there.items() if not entry["sha256"]]
    if unread:
        raise FactAbsent(f"{unread[0]}: {there[unread[0]].get('error', 'not hashed')}")


@node_check(MISSING, DRIFTED, after=("MANIFEST_ABSENT",))
def node_files(view: NodeView) -> Iterator[Finding]:
    """The node's own files and directories are as fatecloud deployed them."""
    return _intact(view, None)


@service_check(MISSING, DRIFTED, after=("MANIFEST_ABSENT",))
def service_files(view: ServiceView) -> Iterator[Finding]:
    """A service's files and directories are as fatecloud deployed them."""
    return _intact(view, view.service)


@node_check(MODE, after=("MANIFEST_ABSENT",))
def node_modes(view: NodeView) -> Iterator[Finding]:
    """Modes and owners of the node's own files and directories are as deployed."""
    return _rights(view, None, _there(view, "node"))


@service_check(MODE, READABLE, after=("MANIFEST_ABSENT",))
def modes(view: ServiceView) -> Iterator[Finding]:
    """Modes and owners are as deployed, and only the service can read its secrets."""
    there = _there(view, view.service.id.key)
    secret = {file.path for file in _files(view) if file.secret}
    open_ = [path for path, (_, seen) in there.items() if path in secret and int(seen["mode"], 8) & OTHERS]
    if open_:
        commands = (f"chmod {there[path][0]['mode']} {path}" for path in open_)
        yield _finding(
            view,
            READABLE,
            open_,
            "can be read by everyone",
            expected="no rights for others",
            got=there[open_[0]][1]["mode"],
            remedy=(Run(" && ".join(commands), view.facts.node, root=True),),
            cause="every user of the node can read the passwords in it; consider rotating them",
        )
    view.require_deployed("user")
    yield from _rights(view, view.service, {path: entries for path, entries in there.items() if path not in open_})


def _there(view: NodeView, owner: str) -> Mapping[str, Pair]:
    """Path -> how a file was recorded, and how it is; of those that could be opened."""
    seen = view.fact("files")
    return {path: (e, seen[path]) for path, e in _recorded(view, owner).items() if (seen.get(path) or {}).get("owner")}


def _folders(view: NodeView, service: DesiredService | None) -> tuple[list[str], list[str]]:
    """The directories that are gone, and those with other rights; of those that a deploy has made."""
    manifest, node = view.fact("manifest") or {}, view.desired.node(view.facts.node)
    made = {*manifest.get("directories", ()), *manifest.get("shared", ()), node.paths.base}
    seen = {path: entry for path, entry in view.fact("folders").items() if path in made}
    return folders_wrong(view.desired, node, service, seen)


def _rights(view: NodeView, service: DesiredService | None, there: Mapping[str, Pair]) -> Iterator[Finding]:
    wanted = {path: (int(want["mode"], 8), _access(view, want), have) for path, (want, have) in there.items()}
    wrong = [path for path, (mode, access, have) in wanted.items() if not _same_rights(mode, access, have)]
    node, seen, other = view.desired.node(view.facts.node), view.fact("folders"), _folders(view, service)[1]
    ours = folders_of(view.desired, node, service)
    wanted |= {path: (ours[path].mode, ours[path].access, seen[path]) for path in other}
    # A deploy does not work in a directory in which others could have put something.
    back = set(folders_open(view.desired, node, service, seen)) & set(other)
    by_hand = tuple(taking_back(view.desired, node, service, path) for path in sorted(back))
    if wrong := [*wrong, *other]:
        mode, access, have = wanted[wrong[0]]
        yield _finding(
            view,
            MODE,
            wrong,
            "has the wrong mode or owner",
            expected=f"{access.user or have['owner']}:{access.group or have['group']} {mode:04o}",
            got=f"{have['owner']}:{have['group']} {have['mode']}",
            remedy=(*by_hand, *((DEPLOY,) if back != set(wrong) else ())),
        )


@service_check(PENDING, after=("MANIFEST_ABSENT",))
def up_to_date(view: ServiceView) -> Iterator[Finding]:
    """What is deployed is what the inventory says today; compared without secrets."""
    if NODE in view.service.undeployed:
        return
    differs = differences(view.desired, view.fact("manifest") or {}, view.service)
    if ALL in view.service.undeployed:
        differs.insert(0, "it is not deployed yet")
    if differs:
        undone = _undone(view)
        yield Finding(
            PENDING.name,
            PENDING.severity,
            view.subject,
            differs[0] + (f", and {len(differs) - 1} more" if differs[1:] else ""),
            cause=f"run {undone} put earlier routes back (`fatecloud route undo`), and the inventory says otherwise"
            if undone
            else "the inventory or the release was changed after the last deployment",
            remedy=(*((Edit("let it say what is right"),) if undone else ()), *REDEPLOY),
            expected="deployed as the inventory says",
            got=f"{len(differs)} differences",
            evidence=tuple(sorted(differs)[:_SHOWN]),
            source="fact manifest",
        )


def _undone(view: ServiceView) -> str:
    """The run that changed the service's routes last, if it undid a change; else empty."""
    last = versions_of(view.fact("manifest") or {}, view.service.id.key)[-1:]
    return last[0].run if last and last[0].undo else ""


def _files(view: ServiceView) -> list[DesiredFile]:
    return [f for f in view.desired.files.get(view.facts.node, ()) if f.service == view.service.id.key]


def _access(view: NodeView, entry: Mapping[str, Any]) -> Account:
    """The user and group on this node that an entry of the manifest means."""
    node, service = view.desired.node(view.facts.node), view.desired.services.get(entry["service"])
    return access_of(node, service, entry["owner"], int(entry["mode"], 8))


def _same_rights(mode: int, access: Account, have: Mapping[str, Any]) -> bool:
    return mode == int(have["mode"], 8) and is_given(access, have)


def _finding(view: NodeView, code: Code, paths: list[str], what: str, **more: Any) -> Finding:
    symptom = f"{paths[0]} {what}" + (f", and {len(paths) - 1} more" if paths[1:] else "")
    return Finding(
        code.name, code.severity, view.subject, symptom, evidence=tuple(paths[:_SHOWN]), source="fact files", **more
    )
