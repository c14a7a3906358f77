"""Preflight of our own directories: a deploy refuses to work in one that others than root could have changed."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.preflight_need import node_of, own_manifest, problem, service_subject, services_of
from fatecloud.checks.trusted import UNTRUSTED
from fatecloud.model.access import folders_open, taking_back
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding

OPEN = Code(
    "PREFLIGHT_DIRECTORY_OPEN",
    "critical",
    "Others than root can change a directory with files that root reads.",
)


@node_check(OPEN, after=(UNTRUSTED.name,))
def directories_are_closed(view: NodeView) -> Iterator[Finding]:
    """Only root (without root: the login) can change the directories that are not for a service to write to."""
    recorded = own_manifest(view).get("services", {})
    deployed = [service for service in services_of(view) if service.id.key in recorded]
    for service in (None, *deployed) if deployed else ():
        if found := folders_open(view.desired, node_of(view), service, view.fact("folders")):
            yield _finding(view, service, found)


def _finding(view: NodeView, service: DesiredService | None, found: list[str]) -> Finding:
    seen, root = view.fact("folders")[found[0]], node_of(view).become == "root"
    return problem(
        view,
        OPEN.name,
        "critical",
        f"others can change {found[0]}" + (f", and {len(found) - 1} more" if found[1:] else ""),
        subject=service_subject(service) if service else view.subject,
        cause="its owner or its rights were changed by hand; what lies in it may have been changed as well",
        expected="that only root can write there" if root else "that only the login can write there",
        got=f"{seen['owner']}:{seen['group']} {seen['mode']}",
        evidence=tuple(found),
        remedy=tuple(taking_back(view.desired, node_of(view), service, path) for path in found),
        source="fact folders",
    )
