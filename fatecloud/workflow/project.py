"""Writes the Ansible project of a session, with the secrets encrypted for one run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import yaml

from fatecloud.render.project import RunInfo, write_project
from fatecloud.state.directory import controller_id
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.vault.cipher import encrypt
from fatecloud.whoami import user_name
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.session import Session


class _Unsafe(str):
    """A value that Ansible must not take for a template."""

    __slots__ = ()


class _VaultDumper(yaml.SafeDumper):
    """YAML of the vault: every value is marked unsafe."""


_VaultDumper.add_representer(_Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


def encrypted(values: Mapping[str, str], password: str) -> str:
    """The project's vault file."""
    text = yaml.dump(
        {"fatecloud_secrets": {name: _Unsafe(value) for name, value in sorted(values.items())}}, Dumper=_VaultDumper
    )
    return encrypt(text.encode(), password.encode()).decode()


def run_info(session: Session, run: str, pid: int) -> RunInfo:
    """Who runs it: the operator, this machine, and the id of the state directory."""
    return RunInfo(run, f"{user_name()}@{platform.node()}", controller_id(session.state), pid)


def project(session: Session, directory: Path, run: RunInfo, vault_password: str) -> None:
    """Write the Ansible project of a session."""
    write_project(
        session.desired,
        directory,
        ssh_config=ssh_config(session.cluster.nodes.values(), known_hosts="known_hosts"),
        known_hosts=session.access.known_hosts,
        store=session.store.path,
        vault_text=encrypted(
            {**values_on_nodes(session.desired, session.vault.secrets), **session.access.logins.typed}, vault_password
        ),
        run=run,
    )
