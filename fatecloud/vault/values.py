"""The secrets of a cluster in memory: values by name, hidden in every repr, and removed from texts by `redact`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fatecloud.vault.file import OWN_NAMES, SIGNING_KEY, Secret, path_of, read_vault
from fatecloud.vault.password import Ask, ask_on_terminal, find_password
from fatecloud.vault.redaction import STARS, Redactor


class Hidden(Mapping[str, str]):
    """Values by name; its repr shows names only."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Hidden({{{', '.join(f'{name!r}: {STARS}' for name in self._values)}}})"


class SecretValues:
    """The content of the vault.

    Args:
        secrets: by full name, `9999.mysql.fate_flow`.
    """

    def __init__(self, secrets: Mapping[str, Secret]) -> None:
        # The signing key stays on the controller: what is rendered and run is made from these mappings.
        given = {name: secret for name, secret in secrets.items() if name not in OWN_NAMES}
        self.current: Mapping[str, str] = Hidden({name: secret.current for name, secret in given.items()})
        self.next: Mapping[str, str] = Hidden(
            {name: secret.next for name, secret in given.items() if secret.next is not None}
        )
        own = [secrets[SIGNING_KEY].current] if SIGNING_KEY in secrets else []
        self.lacks_key = not own
        """Whether there is no signing key yet."""
        # The next values too: a node may have them before the vault calls them current.
        self._redactor = Redactor({*self.current.values(), *self.next.values(), *own})

    def __repr__(self) -> str:
        return f"SecretValues({len(self.current)} values: {STARS})"

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names that have no value, sorted."""
        return tuple(sorted({name for name in names if name not in self.current}))

    def redact(self, text: str) -> str:
        """The text with every value, current or next, in any form (see `secret_forms`), replaced by stars."""
        return self._redactor(text)


def load(
    inventory_path: Path,
    *,
    path: Path | None = None,
    vault_password_file: Path | None = None,
    prompt: Ask = ask_on_terminal,
) -> SecretValues:
    """Read the secrets of an inventory.

    Args:
        inventory_path: the inventory file.
        path: the secrets file, if it is not the one beside the inventory.
        vault_password_file: file with the vault password; used before every other source.
        prompt: asks for the vault password when no file is named.

    Returns:
        The values; none when there is no secrets file yet.

    Raises:
        SecretsError: there is no vault password or it is wrong, or the file is not a secrets file.
    """
    file = path or path_of(inventory_path)
    if path is None and not file.exists():
        return SecretValues({})
    return SecretValues(read_vault(file, find_password(inventory_path, vault_password_file, prompt)))
