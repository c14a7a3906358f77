"""What the roles need to know about a node and about a service, as plain data for Ansible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from posixpath import dirname
from typing import Any

from fatecloud.components.registry import by_kind
from fatecloud.model.accounts import owner_of
from fatecloud.model.artifact import Artifact
from fatecloud.model.cluster import Node, PasswordSource, SecretRef, needing
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.layout import (
    check_program_of,
    consoles_of,
    mark_copies_of,
    mark_copy_of,
    private_of,
    site_packages_of,
    started_of,
    store_tree_of,
    unit_path_of,
)
from fatecloud.model.parts import artifacts_of, installed_size, parts_of, pythons_on, trees_on
from fatecloud.model.places import SUPERVISOR
from fatecloud.model.programs import SUDO
from fatecloud.model.python import PythonSet
from fatecloud.model.trees import PlacedTree, Tree
from fatecloud.render.turns import turns
from fatecloud.shipped import folder

_ROOM = 256 << 20
"""Bytes that must stay free beside a new environment."""


def prompted(node: str, kind: str) -> str:
    """The name of a password that the operator typed on the terminal among the secrets of a project.

    Args:
        kind: `ssh` or `become`.
    """
    return f"prompt.{node}.{kind}"


def connection_variables(node: Node) -> dict[str, Any]:
    """How Ansible reaches a node. Everything else about the connection is in the ssh_config."""
    found: dict[str, Any] = {"ansible_connection": node.connection, "ansible_python_interpreter": node.python}
    if node.connection == "ssh":
        found |= {"ansible_host": node.name, "ansible_user": node.ssh.user}
        found |= _password("ansible_password", node.ssh.password, prompted(node.name, "ssh"))
    if node.become == "root":
        found |= {"ansible_become": True, "ansible_become_method": "sudo", "ansible_become_exe": SUDO}
        found |= _password("ansible_become_password", node.become_password, prompted(node.name, "become"))
    return found


def _password(variable: str, source: PasswordSource, prompt: str) -> dict[str, str]:
    if source is None:
        return {}
    name = source.name if isinstance(source, SecretRef) else prompt
    return {variable: f"{{{{ fatecloud_secrets['{name}'] }}}}"}


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
        "files": [_file(f) for f in desired.files.get(node.name, ()) if f.service == "node"],
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
    return hashlib.sha256(json.dumps(_itself(desired, node), sort_keys=True).encode()).hexdigest()


def _itself(desired: Desired, node: Node) -> dict[str, Any]:
    services = desired.on_node(node.name)
    supervisor = desired.supervisor if services and node.supervision == "supervisor" else None
    places = dict.fromkeys((node.paths.base, node.paths.data, node.paths.logs), "0755")
    if supervisor:
        places |= dict.fromkeys((f"{private_of(node)}/{SUPERVISOR}", f"{private_of(node)}/{SUPERVISOR}/conf.d"), "0700")
        if node.become == "root":
            places[consoles_of(node)] = "0750"
    if node.check:
        places[dirname(check_program_of(desired.cluster.label))] = "0755"
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
        "places": places,
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


def _file(file: DesiredFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "mode": f"{file.mode:04o}",
        "owner": file.owner,
        "digest": file.digest,
        "restarts": file.restarts,
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


def service_variables(desired: Desired, service: DesiredService) -> dict[str, Any]:
    """What the role `service` needs."""
    node = desired.node(service.id.node)
    files = [f for f in desired.files.get(node.name, ()) if f.service == service.id.key]
    inputs = [f.path for f in files if f.restarts]
    venv = f"{service.home}/venv/"
    rendered = [f.path for f in files if f.path.startswith(venv)]
    needed = desired.requirement_of(service)
    packages = f"{site_packages_of(service.home, needed.minor)}/" if needed else ""
    return {
        "key": service.id.key,
        "turn": turns(desired)[service.id.key],
        "role": _role(service.id.component),
        "component": service.id.component,
        "slug": service.id.slug,
        "unit": service.id.unit,
        "unit_path": unit_path_of(node, service.id),
        "version": service.version,
        "home": service.home,
        "user": service.user,
        "group": service.group,
        "python": python.digest if (python := desired.python_of(service)) else "",
        # A package that gets files only for this service has to be the service's own copy.
        "own": sorted({p[len(packages) :].split("/")[0] for p in rendered if packages and p.startswith(packages)}),
        "replaced": rendered,
        "trees": [_view(placed) for placed in service.trees],
        "places": {path: f"{mode:04o}" for path, mode in service.places.items()},
        "directories": {path: f"{mode:04o}" for path, mode in service.directories.items()},
        "files": [_file(f) for f in files],
        "inputs": sorted({*inputs, *service.markers}),
        "started": started_of(service.home),
        # The manifest keeps these, so that a run can handle the service after it left the inventory.
        "job_runners": _job_runners(desired, service),
        "kept": {
            "owner": service.id.owner,
            "data": service.data,
            "job_api": service.facts.get("job_api", ""),
            "job_settings": service.facts.get("job_settings", ""),
            "job_kind": service.kind if "job_api" in service.facts else "",
            "user": service.user,
        },
        "data": _data(service, node),
        "java": list(service.needs.java),
        "migrations": [asdict(migration) for migration in service.migrations],
        "backup": node.paths.backup,
        "data_directory": service.data,
        "readiness": _readiness(service),
        "ports": [{"number": port.number, "bind": port.bind} for port in service.ports],
        "objects": _objects(service),
        "logs": [*([service.process.console] if service.process.console else []), *(log.path for log in service.logs)],
    }


def _view(placed: PlacedTree) -> dict[str, Any]:
    return {
        "path": placed.path,
        "tree": placed.tree.digest,
        "digest": placed.digest,
        "writes": dict(placed.writes),
        "files": list(placed.files),
        "copied": placed.copied,
    }


def job_questions() -> dict[str, Any]:
    """Kind of service (`Component.kind`) -> the question that lists its jobs, for kinds whose services run jobs."""
    asked = {kind: component.job_question for kind, component in by_kind().items() if component.job_question}
    return {kind: {"argv": list(q.argv), "stdin": q.stdin, "timeout": q.timeout} for kind, q in asked.items()}


def _role(component: str) -> str:
    """A component is placed and started like every other one, unless it has a role of its own name."""
    return component if (folder("playbooks") / "roles" / component).is_dir() else "service"


def _job_runners(desired: Desired, service: DesiredService) -> list[dict[str, str]]:
    """The services that run the jobs which need this one, and their addresses as seen from its node."""
    needed = needing(desired.cluster.owners, service.id.owner, service.id.component)
    runners = [s for _, s in sorted(desired.services.items()) if s.id.owner in needed and "job_api" in s.facts]
    return [{"key": s.id.key, "kind": s.kind, **_way_to_ask(s, here=s.id.node == service.id.node)} for s in runners]


def _way_to_ask(runner: DesiredService, *, here: bool) -> dict[str, str]:
    """Where a runner is asked; on its own node also by whom, because only its own user can read its settings."""
    if not here:
        return {"url": runner.facts["job_api_away"]}
    return {"url": runner.facts["job_api"], "settings": runner.facts.get("job_settings", ""), "user": runner.user}


def _readiness(service: DesiredService) -> Mapping[str, Any] | None:
    probe = next((p for p in service.probes if p.name == service.readiness), None)
    if probe is None:
        return None
    return {
        "argv": list(probe.argv),
        "stdin": probe.stdin,
        "timeout": probe.timeout,
        "deadline": service.readiness_deadline,
        "user": service.user if probe.user == "service" else "",
    }


def _data(service: DesiredService, node: Node) -> Mapping[str, Any] | None:
    if not service.signs:
        return None
    return {
        "stamp": service.id.stamp,
        "path": service.data,
        # Not `copy`: in a template that is a method of the dictionary.
        "copy_path": mark_copy_of(node, service.id),
        "signs": list(service.signs),
        "filled": service.objects.within(service.data) if service.objects else "",
    }


def _objects(service: DesiredService) -> Mapping[str, Any] | None:
    if service.objects is None:
        return None
    return {
        "script": service.objects.script,
        "digest_of": list(service.objects.digest_of),
        "applied": service.objects.applied,
        "names": list(service.objects.names),
    }
