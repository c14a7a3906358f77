"""Preflight of room on disks: space, inodes, mount options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.node import make_room, write_again
from fatecloud.checks.preflight_need import manifest_services, node_of, problem, services_of
from fatecloud.model.accounts import owner_of
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.needs import LOGS
from fatecloud.model.parts import artifacts_of, lacking, parts_of
from fatecloud.model.remedy import Edit, Run, administrator, look
from fatecloud.model.sizes import size_text

DISK = Code("PREFLIGHT_DISK_SPACE", "critical", "A disk has too little free space for what a deployment puts there.")
INODES = Code("PREFLIGHT_INODES", "critical", "A file system has too few free inodes.")
WRITABLE = Code("PREFLIGHT_DISK_NOT_WRITABLE", "critical", "A directory that the deployment needs is not writable.")
NOEXEC = Code("PREFLIGHT_NOEXEC", "critical", "Programs cannot run from the base directory.")


@node_check(WRITABLE, NOEXEC)
def mounts(view: NodeView) -> Iterator[Finding]:
    """The cluster's directories can be written, and programs can run from the base directory."""
    paths, owner = node_of(view).paths, owner_of(node_of(view))
    for path in sorted({paths.base, paths.data, paths.logs}):
        disk = _disk(view, path)
        options = str(disk["options"]).split(",")
        if not disk["writable"] or "ro" in options:
            yield problem(
                view,
                WRITABLE.name,
                "critical",
                f"{path} cannot be written",
                expected="a writable directory, or a parent directory where it can be created",
                got=f"mount {disk['mount']} ({disk['fstype']}, {disk['options']})",
                remedy=(
                    write_again(view, str(disk["mount"]))
                    if "ro" in options
                    else Run(f"install -d -o {owner.user} -g {owner.group} {path}", view.facts.node, root=True),
                    Edit("set another `paths.base`", instead=True),
                ),
                source="fact disk",
            )
            return
    base = _disk(view, paths.base)
    if "noexec" in str(base["options"]).split(","):
        yield problem(
            view,
            NOEXEC.name,
            "critical",
            f"{paths.base} is on {base['mount']}, which is mounted noexec",
            expected="a mount without noexec",
            got=str(base["options"]),
            remedy=(
                Edit("set `paths.base` to a directory on another mount"),
                Run(f"mount -o remount,exec {base['mount']}", view.facts.node, root=True, instead=True),
            ),
            source="fact disk",
        )


@node_check(DISK, INODES, after=(WRITABLE.name,))
def room(view: NodeView) -> Iterator[Finding]:
    """Each file system has room for what the deployment adds."""
    for mount, (disk, items) in sorted(_needs_by_mount(view).items()):
        need = sum(size for _, size, _ in items)
        inodes = sum(count for _, _, count in items)
        parts = tuple(f"{size_text(size)} {what}" for what, size, _ in items if size)
        if disk["available"] < need:
            yield problem(
                view,
                DISK.name,
                "critical",
                f"{mount} has {size_text(disk['available'])} free, {size_text(need)} are needed",
                expected=f">= {size_text(need)}",
                got=size_text(disk["available"]),
                evidence=parts,
                remedy=(
                    *make_room(view, mount),
                    Edit("set `paths` to a larger disk", instead=True),
                ),
                source="fact disk; sizes measured with the release",
            )
        elif 0 < disk["inodes_free"] < inodes:
            yield problem(
                view,
                INODES.name,
                "critical",
                f"{mount} has {disk['inodes_free']} free inodes, {inodes} are needed",
                expected=f">= {inodes}",
                got=str(disk["inodes_free"]),
                remedy=(
                    look(f"df -i {mount}", view.facts.node),
                    look(f"du -x --inodes --max-depth=2 {mount} | sort -n | tail", view.facts.node, root=True),
                    administrator(view.facts.node, "remove what nothing needs there"),
                ),
                source="fact disk",
            )


def _disk(view: NodeView, path: str) -> Mapping[str, Any]:
    disk = view.fact("disk").get(path)
    if disk is None:
        raise FactAbsent(f"disk: nothing about {path}")
    return dict(disk)


def _needs_by_mount(view: NodeView) -> dict[str, tuple[Mapping[str, Any], list[tuple[str, int, int]]]]:
    """Mount -> its figures and what the deployment adds to it: (what, bytes, inodes)."""
    paths = node_of(view).paths
    known = manifest_services(view)
    new = [s for s in services_of(view) if s.id.key not in known]
    items = [(paths.base, *item) for item in _release_needs(view)]
    if new:
        items.append((paths.data, f"data of {len(new)} services", sum(s.needs.disk for s in new), 2000 * len(new)))
        items.append((paths.logs, f"logs of {len(new)} services", LOGS * len(new), 500 * len(new)))
    found: dict[str, tuple[Mapping[str, Any], list[tuple[str, int, int]]]] = {}
    for path, what, size, inodes in items:
        disk = _disk(view, path)
        found.setdefault(disk["mount"], (disk, []))[1].append((what, size, inodes))
    return found


def _release_needs(view: NodeView) -> Iterator[tuple[str, int, int]]:
    """The parts of the release that are not in the node's store yet."""
    parts = parts_of(view.desired, view.facts.node)
    if not parts:
        return
    store = view.fact("store")
    new = lacking(parts, store)
    for part in new:
        yield part.title, part.size, part.inodes
    tools = tuple(part for part in parts if part.kind == "tool")
    missing = [a for a in artifacts_of(new + tools) if not store["artifacts"].get(a.sha256)]
    yield f"{len(missing)} artifacts", sum(a.size for a in missing), len(missing)
