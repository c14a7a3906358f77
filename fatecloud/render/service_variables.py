"""What the role `service` needs to know about a service, as plain data for Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fatecloud.components.registry import by_kind
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.judged import judged_of
from fatecloud.model.layout import (
    mark_copy_of,
    site_packages_of,
    started_of,
    unit_path_of,
)
from fatecloud.model.node import Node
from fatecloud.model.owner import needing
from fatecloud.model.service import NodeProbe
from fatecloud.model.trees import PlacedTree
from fatecloud.render.turns import turns
from fatecloud.shipped import folder


def file_variables(file: DesiredFile) -> dict[str, Any]:
    """A file, as both roles know it."""
    return {
        "path": file.path,
        "mode": f"{file.mode:04o}",
        "owner": file.owner,
        "digest": file.digest,
        "restarts": file.restarts,
        **({"kept": True} if file.kept else {}),
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
        "files": [file_variables(f) for f in files],
        "inputs": sorted({*inputs, *service.markers}),
        # A file that the start script writes: whether it is older than an input decides about a restart.
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
            # So that a check knows what was deployed, after the inventory was changed.
            "judged": judged_of(service),
        },
        "data": _data(service, node),
        "java": list(service.needs.java),
        "migrations": [asdict(migration) for migration in service.migrations],
        "backup": node.paths.backup,
        "dump_days": node.dump_days,
        "data_directory": service.data,
        "readiness": _readiness(service),
        **_drain(service),
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
    return None if probe is None else _question(service, probe, deadline=service.readiness_deadline)


def _drain(service: DesiredService) -> Mapping[str, Any]:
    if service.drain is None:
        return {}
    join = _question(service, service.drain.join, deadline=service.drain.deadline)
    return {"drain": {"leave": _question(service, service.drain.leave), "join": join}}


def _question(service: DesiredService, probe: NodeProbe, **more: int) -> Mapping[str, Any]:
    return {
        "argv": list(probe.argv),
        "stdin": probe.stdin,
        "timeout": probe.timeout,
        **more,
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
