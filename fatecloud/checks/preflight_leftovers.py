"""Preflight of what is on a node already: other clusters, other people's files, data of an earlier deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.checks.belonging import MISTAKEN
from fatecloud.checks.preflight_need import node_of, own_manifest, problem, service_subject, services_of
from fatecloud.checks.trusted import UNTRUSTED
from fatecloud.model.belonging import neighbour
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.layout import data_of, places_of, private_of
from fatecloud.model.places import is_systems
from fatecloud.model.protections import is_home
from fatecloud.model.remedy import Edit, Run

NEIGHBOUR = Code("PREFLIGHT_NEIGHBOUR", "critical", "The node's register of clusters leaves no room for this one.")
DIRECTORY = Code(
    "PREFLIGHT_DIRECTORY_FOREIGN",
    "critical",
    "A directory of the inventory is the system's, or holds files that fatecloud did not put there.",
)
HIDDEN = Code(
    "PREFLIGHT_DIRECTORY_HIDDEN",
    "critical",
    "A directory of the inventory leads to a home, which units hide from services.",
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
            remedy=(Edit(found.remedy),),
            source="fact register",
        )


@node_check(DIRECTORY, after=(UNTRUSTED.name, MISTAKEN.name))
def directories_are_ours(view: NodeView) -> Iterator[Finding]:
    """Each directory of the inventory is new, empty or this cluster's, and no link leads from it to the system's."""
    found = [wrong for key, path in places_of(node_of(view)).items() if (wrong := _wrong(view, key, path))]
    if found:
        keys = ", ".join(f"`paths.{key}`" for key, _, _, _ in found)
        # Never of what a link leads to: that would take the system's own files away.
        movable = [path for _, path, _, _ in found if not is_systems(_real(view, path))][:1]
        yield problem(
            view,
            DIRECTORY.name,
            "critical",
            found[0][2],
            expected="new or empty directories, or what is in them of this cluster alone",
            got="; ".join(got for _, _, _, got in found),
            remedy=(
                Edit(f"set another {keys} for node {view.facts.node}"),
                *(
                    Run(
                        f"mv {path} {path}.old",
                        view.facts.node,
                        root=True,
                        when="if nothing needs it",
                        instead=True,
                    )
                    for path in movable
                ),
            ),
            evidence=tuple(symptom for _, _, symptom, _ in found[1:]),
            source="fact directories",
        )


def _wrong(view: NodeView, key: str, path: str) -> tuple[str, str, str, str] | None:
    """Key, path, symptom and what is there of a directory that is not ours to take."""
    real = _real(view, path)
    if is_systems(real):
        return key, path, f"{path} leads to {real}, which is the system's or a login's", real
    base = node_of(view).paths.base
    inside = _listing(view, path)
    if inside is None or (path != base and path.startswith(base + "/")):
        return None
    recorded = own_manifest(view)
    if key == "base":
        # An interrupted first deployment leaves our directory before there is a manifest in it.
        ours = bool(recorded) or _listing(view, private_of(node_of(view))) is not None
        others, names = inside["entries"], inside["names"]
    else:
        made = (*recorded.get("directories", ()), *recorded.get("shared", ()))
        ours = any(f"{one}/".startswith(f"{path}/") for one in made)
        others, names = inside["others"], inside["other_names"]
    if ours or not others:
        return None
    got = f"{others} entries of {inside['owner']}: {', '.join(names)}"
    return key, path, f"{path} exists, is not empty and was not made by fatecloud for this cluster", got


def _real(view: NodeView, path: str) -> str:
    return str(view.fact("real_paths").get(path, path))


@node_check(HIDDEN, after=(UNTRUSTED.name, MISTAKEN.name, DIRECTORY.name))
def directories_are_seen(view: NodeView) -> Iterator[Finding]:
    """No link leads from a directory of the inventory to a home: a unit hides homes unless it names one itself."""
    node, real = node_of(view), view.fact("real_paths")
    paths = {key: path for key, path in places_of(node).items() if key in ("base", "data", "logs")}
    if node.supervision != "systemd" or any(is_home(path) for path in paths.values()):
        return
    hidden = {key: (path, real[path]) for key, path in paths.items() if is_home(real.get(path, path))}
    if hidden:
        key, (path, place) = next(iter(hidden.items()))
        yield problem(
            view,
            HIDDEN.name,
            "critical",
            f"{path} leads to {place}, and units hide what is in homes from their services",
            expected=f"paths.{key}: {place}, so that the units leave homes visible",
            got=path,
            remedy=tuple(
                Edit(f"set `paths.{key}: {place}` for node {view.facts.node}") for key, (_, place) in hidden.items()
            ),
            source="fact real_paths",
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
                remedy=(Run(f"mv {path} {path}.old", view.facts.node, root=True, when="to start afresh"),),
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
