"""The passwords of the nodes: for SSH and for sudo, from the vault or from the terminal, each asked for only once."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable

from fatecloud.errors import SecretsError
from fatecloud.model.node import Node
from fatecloud.model.passwords import Prompt, SecretRef
from fatecloud.vault.opened import OpenedVault


class Logins:
    """How fatecloud logs in to nodes, beside its keys."""

    def __init__(self, vault: OpenedVault) -> None:
        self._vault = vault
        self._typed: dict[tuple[str, str], str] = {}

    def ask(self, nodes: Iterable[Node]) -> None:
        """Get the passwords of these nodes now, because threads cannot share the terminal later.

        Raises:
            SecretsError: the vault cannot be opened, or there is no terminal to ask on.
        """
        for node in nodes:
            for kind in ("ssh", "become"):
                self.password(node, kind)

    def password(self, node: Node, kind: str) -> str | None:
        """The SSH (`ssh`) or sudo (`become`) password of a node; None if it has none. Raises SecretsError."""
        source = node.ssh.password if kind == "ssh" else node.become_password
        if isinstance(source, SecretRef):
            return self._vault.secrets.current.get(source.name)
        if not isinstance(source, Prompt):
            return None
        if (node.name, kind) not in self._typed:
            if not sys.stdin.isatty():
                raise SecretsError(f"{node.name}: cannot ask for the {kind} password: there is no terminal")
            self._typed[node.name, kind] = getpass.getpass(f"{kind} password for {node.name}: ")
        return self._typed[node.name, kind]

    @property
    def typed(self) -> dict[str, str]:
        """Passwords that the operator typed in this run, by `prompt.<node>.<kind>`."""
        return {f"prompt.{node}.{kind}": value for (node, kind), value in self._typed.items()}
