"""Writes the plain Ansible project that `fatecloud deploy` is measured against.

The plays are committed in `baseline/deploy/` and use Ansible's own modules only. What they place on the nodes comes
from the same resolved cluster that fatecloud deploys, so that both do the same work; secrets are filled in here, into
files that only their owner may read.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import Any

from fatecloud.errors import Refused
from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.layout import interpreter_of, shared_venv_of
from fatecloud.model.node import Node
from fatecloud.model.parts import pythons_on
from fatecloud.model.python import PythonSet
from fatecloud.render import project
from fatecloud.render.connection import connection_variables
from fatecloud.render.node_variables import node_variables
from fatecloud.render.placeholders import fill
from fatecloud.render.service_variables import service_variables
from fatecloud.render.turns import stage_turns, turns
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.workflow.load import load_session
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.options import Options
from fatecloud.workflow.session import Session

PLAYS = Path(__file__).with_name("baseline") / "deploy"
ASK_EVERY = 0.5
"""Seconds between two questions to a service that does not answer yet: as often as fatecloud asks."""
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "TZ")


def prepare(inventory: Path, directory: Path, *, state: Path, store: Path) -> None:
    """Write a project that brings the bare nodes of an inventory to what `fatecloud deploy` would make of them.

    Args:
        inventory: the cluster; its secrets and vault password are beside it.
        directory: is made; one that was written before is replaced. It holds secrets: remove it after the run.
        state: fatecloud's state directory, for the nodes' host keys.
        store: fatecloud's artifact store; the project refers to the files in it.

    Raises:
        Refused: a node is not of the kind that the plays are written for, or the directory holds something else.
        FatecloudError: inventory, secrets or store are wrong.
    """
    session = load_session(Options(inventory, state_dir=state, store=store), need_store=True)
    desired = session.desired
    values = values_on_nodes(desired, session.vault.secrets)
    for node in desired.cluster.nodes.values():
        _refuse_unfit(node)
    project._fresh(directory)
    shutil.copytree(PLAYS, directory, dirs_exist_ok=True)
    _write_settings(session, directory)
    for name, node in desired.cluster.nodes.items():
        services = {turns(desired)[s.id.key]: _service(desired, s) for s in desired.on_node(name)}
        variables = connection_variables(node) | {"node": _node(session, node), "services": services}
        project._yaml(directory / "host_vars" / f"{name}.yml", variables)
        for file in desired.files.get(name, ()):
            project._write(directory / "files" / name / file.path.lstrip("/"), fill(file.text, values))


def command(directory: Path) -> list[str]:
    """The command line that runs the project, from any directory and with any environment.

    It begins with `env`, which enters the project and gives ansible-playbook the environment that fatecloud gives it:
    nothing of the operator's own Ansible. Every project has connections of its own, closed a minute after their use.

    Args:
        directory: what `prepare` wrote.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(directory.resolve() / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory.resolve() / "ansible"),
        # Relative, because the path of a socket may not be long.
        "ANSIBLE_SSH_CONTROL_PATH": "cp/%%C",
        "ANSIBLE_NOCOLOR": "True",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = [f"{name}={value}" for name, value in environment.items()]
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return ["env", "-i", "-C", str(directory.resolve()), *words, program, "site.yml"]


def _refuse_unfit(node: Node) -> None:
    fit = node.become == "root" and node.supervision == "systemd" and node.packages == "repos"
    if not fit or node.ssh.password is not None or node.become_password is not None:
        raise Refused(f"{node.name}: the plain play is for nodes with systemd, root, repositories and an SSH key")


def _write_settings(session: Session, directory: Path) -> None:
    nodes = session.cluster.nodes
    settings = project._CONFIG.format(forks=min(len(nodes), project._FORKS), mark="play")
    project._write(directory / "ansible.cfg", settings)
    project._write(directory / "ssh_config", ssh_config(nodes.values(), known_hosts="known_hosts"))
    shutil.copyfile(session.access.known_hosts, directory / "known_hosts")
    (directory / "cp").mkdir(mode=0o700)
    project._yaml(directory / "inventory" / "hosts.yml", {"all": {"hosts": {name: {} for name in nodes}}})
    project._yaml(directory / "group_vars" / "all.yml", {"stages": stage_turns(session.desired)})


def _node(session: Session, node: Node) -> dict[str, Any]:
    ours = node_variables(session.desired, node, session.store.path)
    python = next(iter(pythons_on(session.desired, node.name)), None)
    return {
        "accounts": ours["accounts"],
        "packages": _debian(ours["wants"], "packages"),
        "masked": _debian(ours["wants"], "units"),
        "directories": _modes(ours["places"]),
        "python": _python(session, node, python) if python else None,
    }


def _debian(wants: list[dict[str, Any]], kind: str) -> list[str]:
    return sorted({name for want in wants for name in want[kind].get("debian", ())})


def _python(session: Session, node: Node, python: PythonSet) -> dict[str, Any]:
    store = f"{node.paths.base}/store/artifacts"
    scratch = f"{node.paths.base}/store/tmp/build"

    def there(artifact: Artifact) -> str:
        return f"{store}/{artifact.sha256}/{artifact.filename}"

    minor = python.requirement.minor
    interpreter = interpreter_of(node, python)
    options = ["venv", "--no-cache", "--quiet", "--no-config", "--offline", "--no-python-downloads", "--no-project"]
    version = "-".join(python.installer.filename.split("-")[:2])
    return {
        "store": store,
        "artifacts": [
            {"source": str(session.store.path(a.sha256)), "folder": f"{store}/{a.sha256}"}
            for a in (python.interpreter, python.installer, *python.wheels)
        ],
        "minor": minor,
        "archive": there(python.interpreter),
        "interpreter": interpreter,
        "interpreter_mark": f"{python.interpreter.sha256}\n",
        "scratch": scratch,
        "uv_wheel": there(python.installer),
        "uv": f"{scratch}/{version}.data/scripts/uv",
        "requirements": python.requirements,
        "venv": shared_venv_of(node, python),
        "venv_options": [*options, "-p", f"{interpreter}/bin/python3"],
        "venv_mark": f"{python.digest}\n",
        "packages": f"lib/python{minor}/site-packages",
        "imports": "\n".join(f"import {name}" for name in python.requirement.check_imports),
    }


def _service(desired: Desired, service: DesiredService) -> dict[str, Any]:
    node = desired.node(service.id.node)
    ours = service_variables(desired, service)
    files = [file for file in desired.files[node.name] if file.service == service.id.key]
    directories = dict.fromkeys(_parents(service, files), "0755") | ours["places"] | ours["directories"]
    return {
        "home": service.home,
        "user": service.user,
        "group": service.group,
        "unit": service.id.unit,
        "python": service.python,
        "own": ours["own"],
        "directories": _modes(directories),
        "files": [_file(service, file) for file in files],
        "readiness": _readiness(ours["readiness"]),
        "objects": service.objects.script if service.objects else "",
    }


def _parents(service: DesiredService, files: list[DesiredFile]) -> set[str]:
    """Directories that the files of a service need below its home; those of its environment come with that."""
    home, venv = PurePosixPath(service.home), PurePosixPath(service.home, "venv")
    parents = {parent for file in files for parent in PurePosixPath(file.path).parents}
    return {str(p) for p in parents if p.is_relative_to(home) and not p.is_relative_to(venv)}


def _modes(directories: dict[str, str]) -> list[dict[str, str]]:
    return [{"path": path, "mode": mode} for path, mode in sorted(directories.items())]


def _file(service: DesiredService, file: DesiredFile) -> dict[str, str]:
    user = "root" if file.owner == "root" else service.user
    return {"path": file.path, "mode": f"{file.mode:04o}", "owner": user, "group": service.group}


def _readiness(ours: dict[str, Any] | None) -> dict[str, Any] | None:
    if ours is None:
        return None
    return {
        "argv": ours["argv"],
        "stdin": ours["stdin"],
        "user": ours["user"] or "root",
        "delay": ASK_EVERY,
        "retries": int(ours["deadline"] / ASK_EVERY),
    }
