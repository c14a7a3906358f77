"""Preflight of what is on a node already: other clusters, other people's files, data of an earlier deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.belonging import MISTAKEN
from fatecloud.checks.preflight_need import node_of, own_manifest, problem, service_subject, services_of
from fatecloud.model.belonging import neighbour
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.layout import data_of, private_of

NEIGHBOUR = Code("PREFLIGHT_NEIGHBOUR", "critical", "The node's register of clusters leaves no room for this one.")
DIRECTORY = Code(
    "PREFLIGHT_DIRECTORY_FOREIGN", "critical", "The base directory holds files that fatecloud did not put there."
)
DATA = Code(
    "PREFLIGHT_DATA_PRESENT", "warning", "The data directory holds data of an earlier service, which will be used."
)


@node_check(NEIGHBOUR, after=(MISTAKEN.name,))
def neighbours_leave_room(view: NodeView) -> Iterator[Finding]:
    """No other cluster on the machine has this one's names or directories, and this one is not elsewhere on it."""
    node = view.facts.node
    found = neighbour(view.desired.cluster, node, view.fact("register")) if services_of(view) else None
    if found:
        yield problem(
            view,
            NEIGHBOUR.name,
            "critical",
            found.what,
            expected=found.expected,
            got=found.got,
            remedy=(found.remedy,),
            source="fact register",
        )


@node_check(DIRECTORY, after=(MISTAKEN.name,))
def base_is_ours(view: NodeView) -> Iterator[Finding]:
    """The base directory is new, empty, or carries our own directory."""
    base = node_of(view).paths.base
    inside = _listing(view, base)
    if inside is None or not inside["entries"] or view.fact("manifest"):
        return
    # An interrupted first deployment leaves our directory before there is a manifest in it.
    ours = _listing(view, private_of(node_of(view)))
    if ours is None:
        names = ", ".join(inside["names"])
        yield problem(
            view,
            DIRECTORY.name,
            "critical",
            f"{base} exists, is not empty and was not made by fatecloud",
            expected="a new or empty directory",
            got=f"{inside['entries']} entries of {inside['owner']}: {names}",
            remedy=(f"set another `paths.base` for node {view.facts.node}", f"or move it away: mv {base} {base}.old"),
            source="fact directories",
        )


@node_check(DATA)
def data_of_before(view: NodeView) -> Iterator[Finding]:
    """A service that is new to the node starts with empty data; if not, the operator is warned."""
    node = node_of(view)
    # A directory that the manifest names is ours, also where a deployment was interrupted before its service was there.
    known = set(own_manifest(view).get("directories", ()))
    for service in services_of(view):
        path = data_of(node, service.id)
        inside = None if path in known or _marked(view, service) else _listing(view, path)
        if inside and inside["entries"]:
            yield problem(
                view,
                DATA.name,
                "warning",
                f"{path} is not empty and will be used as it is",
                subject=service_subject(service),
                expected="an empty directory, because the service is not installed",
                got=f"{inside['entries']} entries of {inside['owner']}",
                remedy=(f"to start afresh: mv {path} {path}.old",),
                source="fact directories",
            )


def _marked(view: NodeView, service: DesiredService) -> bool:
    """Whether the directory has a mark: then its data are the service's own, or DATA_NOT_THERE reports them."""
    seen = (view.facts.fact("data").value or {}).get(service.id.key)
    return bool(seen and seen["mark"])


def _listing(view: NodeView, path: str) -> Mapping[str, Any] | None:
    directories = view.fact("directories")
    if path not in directories:
        raise FactAbsent(f"directories: nothing about {path}")
    return dict(directories[path]) if directories[path] is not None else None
