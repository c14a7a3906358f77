"""The operator's vault in one run: opened when a value is first needed, and its password asked for only once."""

from __future__ import annotations

from pathlib import Path

from fatecloud.timing import phase
from fatecloud.vault import values
from fatecloud.vault.password import ask_on_terminal


class OpenedVault:
    """The vault of an inventory.

    Args:
        inventory: beside which the vault is, unless `file` says where.
        file: the vault.
        password_file: has its password; None to look in the usual places, and then to ask.
    """

    def __init__(self, inventory: Path, file: Path | None = None, password_file: Path | None = None) -> None:
        self._inventory = inventory
        self._file = file
        self._password_file = password_file
        self._typed: str | None = None
        self._values: values.SecretValues | None = None

    @property
    def secrets(self) -> values.SecretValues:
        """Its values, read at the first use. Raises SecretsError."""
        if self._values is None:
            with phase("opened the vault"):
                self._values = values.load(
                    self._inventory, path=self._file, vault_password_file=self._password_file, prompt=self.ask
                )
        return self._values

    def ask(self, question: str) -> str:
        """The vault password from the terminal, asked only once. Raises SecretsError without a terminal."""
        if self._typed is None:
            self._typed = ask_on_terminal(question)
        return self._typed
