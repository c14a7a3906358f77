"""How Ansible reaches a node, as its variables."""

from __future__ import annotations

from typing import Any

from fatecloud.model.node import Node
from fatecloud.model.passwords import PasswordSource, SecretRef
from fatecloud.model.programs import SUDO

_BOUNDED = "fatecloud_ssh"
"""Our connection plugin, see `playbooks/connection_plugins`."""


def prompted(node: str, kind: str) -> str:
    """The name of a password that the operator typed on the terminal among the secrets of a project.

    Args:
        kind: `ssh` or `become`.
    """
    return f"prompt.{node}.{kind}"


def connection_variables(node: Node) -> dict[str, Any]:
    """How Ansible reaches a node. Everything else about the connection is in the ssh_config."""
    plugin = _BOUNDED if node.connection == "ssh" else node.connection
    # Explicit, because Ansible would search the node for an interpreter, and may find another one than was judged.
    found: dict[str, Any] = {"ansible_connection": plugin, "ansible_python_interpreter": node.python}
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
