"""What the role `node` needs to know about a node, as plain data for Ansible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fatecloud.model.access import node_places
from fatecloud.model.accounts import owner_of
from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.layout import mark_copies_of, store_tree_of
from fatecloud.model.node import Node
from fatecloud.model.parts import artifacts_of, installed_size, parts_of, pythons_on, trees_on
from fatecloud.model.python import PythonSet
from fatecloud.model.trees import Tree
from fatecloud.render.service_variables import file_variables

_ROOM = 256 << 20
"""Bytes that must stay free beside a new environment."""


def node_variables(desired: Desired, node: Node, store: Callable[[str], Path]) -> dict[str, Any]:
    """What the role `node` needs.

    Args:
        store: sha256 -> path of the artifact on the controller.
    """
    parts = parts_of(desired, node.name)
    return _itself(desired, node) | {
        "prepared": prepared_digest(desired, node),
        "copies": mark_copies_of(node),
        "label": desired.cluster.label,
        "files": [file_variables(f) for f in desired.files.get(node.name, ()) if f.service == "node"],
        # Each once, though several parts may need it.
        "artifacts": [_artifact(a) | {"path": str(store(a.sha256))} for a in artifacts_of(parts)],
        "parts": [{"kind": p.kind, "id": p.id, "artifacts": sorted(a.sha256 for a in p.artifacts)} for p in parts],
        "pythons": [_python(python) for python in pythons_on(desired, node.name)],
        "trees": [_tree(tree, desired) for tree in trees_on(desired, node.name)],
        "services": [s.id.key for s in desired.on_node(node.name)],
    }


def prepared_digest(desired: Desired, node: Node) -> str:
    """Hex sha256 of the settings of the role `node` that a plan cannot compare with facts.

    The node's manifest has the digest of the last deploy.
    """
    settings = _itself(desired, node)
    # Its memory and cores are kept, not set: a project that was rendered before the node was read has none.
    settings["machine"] = settings["machine"]["java"]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _itself(desired: Desired, node: Node) -> dict[str, Any]:
    services = desired.on_node(node.name)
    supervisor = desired.supervisor if services and node.supervision == "supervisor" else None
    return {
        "base": node.paths.base,
        "root": node.become == "root",
        "user": owner_of(node).user,
        "group": owner_of(node).group,
        "accounts": _accounts(node, services),
        "supervision": node.supervision,
        "supervisor": store_tree_of(node, supervisor) if supervisor else "",
        "packages": node.packages,
        "wants": [_wanted_packages(s) for s in services if s.packages],
        "places": {path: f"{mode:04o}" for path, mode in node_places(desired, node).items()},
        "machine": {
            "memory": node.read.memory,
            "cores": node.read.cores,
            "java": {s.id.key: s.java.record for s in services if s.java},
        },
    }


def _accounts(node: Node, services: tuple[DesiredService, ...]) -> list[dict[str, Any]]:
    """The accounts that have to be there before the services; without root the login is."""
    if node.become != "root":
        return []
    if node.service_user is None:
        return [{"user": s.user, "group": s.group, "comment": s.id.stamp, "shared": False} for s in services]
    comment = "services of fatecloud"
    return [{"user": s.user, "group": s.group, "comment": comment, "shared": True} for s in services[:1]]


def _wanted_packages(service: DesiredService) -> dict[str, Any]:
    return {
        "packages": {family: list(names) for family, names in service.packages.items()},
        "units": {family: list(names) for family, names in service.masks.items()},
    }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {"sha256": artifact.sha256, "filename": artifact.filename}


def _tree(tree: Tree, desired: Desired) -> dict[str, Any]:
    return {
        "digest": tree.digest,
        "root": tree.root,
        "artifacts": [_artifact(artifact) for artifact in tree.artifacts],
        # Supervisor runs in the node's own interpreter. What other trees hold runs in interpreters of theirs.
        "compiled": tree == desired.supervisor,
    }


def _python(python: PythonSet) -> dict[str, Any]:
    return {
        "title": f"{python.requirement.name} of {python.requirement.release}",
        "digest": python.digest,
        "minor": python.requirement.minor,
        "interpreter": _artifact(python.interpreter),
        "uv": _artifact(python.installer),
        "wheels": [_artifact(wheel) for wheel in python.wheels],
        "requirements": python.requirements,
        "imports": list(python.requirement.check_imports),
        "room": installed_size(python) + _ROOM,
    }
