"""Writes the Ansible project of a cluster: self-contained, readable, and without secrets except in the vault file."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from fatecloud.errors import Refused
from fatecloud.model import own_accounts, places, states, steps
from fatecloud.model.desired import Desired
from fatecloud.model.layout import LAYOUT
from fatecloud.model.programs import SEARCH_PATH
from fatecloud.plain import harmless
from fatecloud.render import holder, placeholders
from fatecloud.render.connection import connection_variables
from fatecloud.render.node_variables import node_variables
from fatecloud.render.service_variables import job_questions, service_variables
from fatecloud.render.turns import stage_turns
from fatecloud.shipped import folder

VAULT = Path("group_vars/all/vault.yml")
"""The project's file of secrets, below its directory."""
_STAMP = "# Written by fatecloud; the next render replaces it.\n"
_MARKER = ".fatecloud-project"
_CODE = ("action_plugins", "connection_plugins", "library", "module_utils", "roles", "tasks")
_TEMPLATE_SIGNS = ("{{", "{%", "{#")

_FORKS = 32
"""The most nodes that Ansible works on at the same time, because each needs processes of about 23 MiB. Others wait."""
_CONFIG = """\
[defaults]
inventory = inventory/hosts.yml
library = library
action_plugins = action_plugins
connection_plugins = connection_plugins
module_utils = module_utils
roles_path = roles
forks = {forks}
# By default it asks its workers a thousand times a second whether a node has answered, and most of a run is waiting.
internal_poll_interval = 0.01
# Ansible would read facts of every node at each start; the collector has read what we need.
gathering = explicit
host_key_checking = True
inject_facts_as_vars = False
# Modules would write their arguments into the node's log, and some are secret.
no_target_syslog = True
interpreter_python = auto_silent
retry_files_enabled = False
display_skipped_hosts = False
timeout = 20

[connection]
# Modules go through the connection, and no file of ours is on a node for it.
pipelining = True

[ssh_connection]
ssh_args = -F ssh_config -o ControlMaster=auto -o ControlPersist=60s
control_path = %(directory)s/{mark}-%%C
"""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Who runs a project; it is written into the lease of every node."""

    id: str
    owner: str
    """The operator, for people: `ops@controller`."""
    controller: str
    """Stable id of the state directory: a run can only be known to be dead by the controller that started it."""
    pid: int = 0
    """The run is alive as long as this process; 0 means ansible-playbook itself."""


class _Dumper(yaml.SafeDumper):
    """YAML for Ansible: no anchors, readable blocks, and text that only looks like a template is marked `!unsafe`."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


class _Template(str):
    """A string that Ansible evaluates as a template."""

    __slots__ = ()


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = "tag:yaml.org,2002:str"
    if isinstance(text, _Template):
        return dumper.represent_scalar(plain, str(text))
    # Names and paths of the inventory may contain braces, and Ansible would evaluate them.
    tag = "!unsafe" if any(sign in text for sign in _TEMPLATE_SIGNS) else plain
    return dumper.represent_scalar(tag, text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)
_Dumper.add_representer(_Template, _string)


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    # Paths of this machine may contain bytes that are not valid text in its locale; they are written unchanged.
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _yaml(path: Path, data: Any) -> None:
    _write(path, "---\n" + _STAMP + yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118))


def write_variables(path: Path, variables: Mapping[str, Any]) -> None:
    """Write a file of extra variables, for a run.

    Ansible evaluates templates in such a file, on this machine, and some values come from nodes: paths of files, the id
    of a job. So none of them is taken for a template.
    """
    _yaml(path, harmless(dict(variables)))


def _fresh(directory: Path) -> None:
    """Create the directory, or empty it if fatecloud filled it before."""
    # A wrong `--output` must not empty a directory of the operator's.
    if directory.exists() and any(directory.iterdir()) and not (directory / _MARKER).exists():
        raise Refused(f"{directory} is not empty and was not written by fatecloud", remedy="name another directory")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    (directory / _MARKER).touch(mode=0o600)


def _copy_code(playbooks: Path, directory: Path) -> None:
    for name in _CODE:
        shutil.copytree(playbooks / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for playbook in playbooks.glob("*.yml"):
        shutil.copyfile(playbook, directory / playbook.name)
    # One source for both sides: what the controller writes, the modules on the node read.
    shared_by_model = {"own_accounts": own_accounts, "places": places, "states": states, "steps": steps}
    copies = {"placeholders": placeholders, "holder": holder, **shared_by_model}
    for name, shared in copies.items():
        shutil.copyfile(Path(str(shared.__file__)), directory / "module_utils" / f"fatecloud_{name}.py")
    for name in ("family", "listing", "sockets", "state_words", "watched"):
        text = files("fatecloud.collect.node").joinpath(f"{name}.py").read_text(encoding="utf-8")
        _write(directory / "module_utils" / f"fatecloud_{name}.py", text)


def _mark(desired: Desired) -> str:
    """Distinguishes connections and temporary files of clusters. It is short, because paths of sockets are limited."""
    return hashlib.sha256(desired.cluster.id.encode()).hexdigest()[:6]


def _group_variables(desired: Desired, run: RunInfo) -> dict[str, Any]:
    return {
        # A directory of its own, so that files that a killed run left there are known to be ours.
        "ansible_remote_tmp": f"~/.ansible/fatecloud-{_mark(desired)}",
        "fatecloud_cluster": desired.cluster.name,
        "fatecloud_id": desired.cluster.id,
        "fatecloud_owners": list(desired.cluster.owners),
        "fatecloud_layout": LAYOUT,
        "fatecloud_run": run.id,
        # Modules of Ansible look their programs up in PATH, and sudo may leave that of the login in place.
        "fatecloud_environment": {"FATECLOUD_RUN": _Template("{{ fatecloud_run }}"), "PATH": SEARCH_PATH},
        "fatecloud_owner": run.owner,
        "fatecloud_controller": run.controller,
        "fatecloud_pid": run.pid,
        "fatecloud_takeover": "",
        "fatecloud_shown": {},
        "fatecloud_overwrite_drift": False,
        "fatecloud_purge": False,
        "fatecloud_state": "started",
        "fatecloud_deploys": False,
        "fatecloud_stages": stage_turns(desired),
        "fatecloud_service": _Template("{{ fatecloud_services | selectattr('turn', 'eq', fatecloud_turn) | first }}"),
        "fatecloud_only": [],
        "fatecloud_converges": [],
        "fatecloud_restarts": [],
        "fatecloud_interrupt_jobs": False,
        "fatecloud_wait_jobs": 0,
        "fatecloud_job_questions": job_questions(),
        "fatecloud_adopt_data": [],
        "fatecloud_new_data": [],
    }


def write_project(
    desired: Desired,
    directory: Path,
    *,
    ssh_config: str,
    known_hosts: Path | None,
    store: Callable[[str], Path],
    vault_text: str,
    run: RunInfo,
) -> None:
    """Write the project. `ansible-playbook site.yml --ask-vault-pass` in `directory` deploys without fatecloud.

    Variables that a run may override with a file of extra variables (`-e @FILE`):
    `fatecloud_stages` (the turns of each stage, see `render/turns.py`),
    `fatecloud_only` (service keys that `services.yml`, `start.yml`, `stop.yml`, `restart.yml` handle, empty for all),
    `fatecloud_converges` (keys of those that a deploy changes, for the leases),
    `fatecloud_restarts` (keys of services that a deploy restarts though they run with the right files),
    `fatecloud_adopt_data` and `fatecloud_new_data` (keys of services that take restored data, or start without theirs),
    `fatecloud_takeover` (id of a run whose lease is taken over, `*` for any), `fatecloud_shown` (node -> its state when
    the plan was made, so that a node that has changed since is refused), `fatecloud_overwrite_drift`,
    `fatecloud_interrupt_jobs` (stop services even though jobs are running), `fatecloud_wait_jobs` (seconds to wait for
    jobs that are found right before a service is stopped), `fatecloud_purge` (`destroy.yml` removes data and logs too)
    and `fatecloud_proofs` (for `record.yml`).

    Args:
        desired: with its files rendered.
        directory: is created; one that fatecloud wrote before is replaced.
        ssh_config: text with one `Host` per node name. Relative paths in it are below `directory`.
        known_hosts: copied to `directory/known_hosts`; None when all nodes are local.
        store: sha256 -> path of the artifact on the controller.
        vault_text: the file for `group_vars/all/vault.yml`, encrypted by ansible-vault: a mapping `fatecloud_secrets`
            of names to values, the values marked `!unsafe`.
        run: is written into the leases.

    Raises:
        Refused: the directory contains something else.
        ArtifactMissing: the store lacks an artifact (raised by `store`).
    """
    _fresh(directory)
    _copy_code(folder("playbooks"), directory)
    nodes = desired.cluster.nodes
    settings = _CONFIG.format(forks=min(len(nodes), _FORKS), mark=_mark(desired))
    _write(directory / "ansible.cfg", _STAMP + settings)
    _write(directory / "ssh_config", ssh_config)
    _write(directory / "known_hosts", known_hosts.read_text() if known_hosts and known_hosts.exists() else "")
    _yaml(directory / "inventory" / "hosts.yml", {"all": {"hosts": {name: {} for name in nodes}}})
    _yaml(directory / "group_vars" / "all" / "vars.yml", _group_variables(desired, run))
    _write(directory / VAULT, vault_text)
    for name, node in nodes.items():
        reached = {k: _Template(v) if isinstance(v, str) else v for k, v in connection_variables(node).items()}
        _yaml(
            directory / "host_vars" / f"{name}.yml",
            reached
            | {
                "fatecloud_node": node_variables(desired, node, store),
                "fatecloud_services": [service_variables(desired, service) for service in desired.on_node(name)],
            },
        )
        for file in desired.files.get(name, ()):
            _write(directory / "files" / name / file.path.lstrip("/"), file.text)
