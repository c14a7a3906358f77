"""The secrets file: an ansible-vault file that maps names to current and next values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from fatecloud.atomic import write_private
from fatecloud.errors import SecretsError
from fatecloud.vault.cipher import Damaged, WrongPassword, decrypt, encrypt, is_encrypted

# The vault is decrypted in memory.
SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes."""

ORIGINS = ("generated", "supplied")
SIGNING_KEY = "cluster.signing_key"
"""Name of the key that this cluster signs with."""
FORMER_KEYS = "cluster.former_keys"
"""Name of the public keys that it signed with before, with their last days: no secrets, but only we may change them."""
OWN_NAMES = (SIGNING_KEY, FORMER_KEYS)
"""Names that no inventory can use."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """One secret; its repr hides the values."""

    current: str
    next: str | None
    """The value that replaces `current` when a rotation ends; None outside a rotation."""
    origin: Literal["generated", "supplied"]

    def __repr__(self) -> str:
        return f"Secret(***, {self.origin})"

    def promoted(self) -> Secret:
        """The secret after its rotation: the next value is now the current one. Unchanged outside a rotation."""
        return self if self.next is None else replace(self, current=self.next, next=None)


@dataclass(frozen=True, slots=True)
class Vault:
    """A secrets file and the password that opens it."""

    file: Path
    password: bytes = field(repr=False)

    def read(self) -> dict[str, Secret]:
        """The secrets by name; none when there is no file yet. Raises SecretsError."""
        return read_vault(self.file, self.password) if self.file.exists() else {}

    def write(self, secrets: Mapping[str, Secret]) -> None:
        """Replace the file. Raises InputError when it cannot be written."""
        write_vault(self.file, self.password, secrets)


def path_of(inventory: Path) -> Path:
    """The secrets file of an inventory: `inventory.secrets.yml` beside `inventory.yml`."""
    return inventory.with_name(f"{inventory.stem}.secrets.yml")


def read_vault(file: Path, password: bytes) -> dict[str, Secret]:
    """Decrypt and validate.

    Raises:
        SecretsError: the file cannot be read or is not a vault file, the password is wrong, or the content is not ours.
    """
    content = _read(file)
    if not is_encrypted(content):
        remedy = f"encrypt it (ansible-vault encrypt {file}) or name another one with --secrets"
        raise SecretsError(f"{file}: is not an ansible-vault file", remedy=remedy)
    try:
        text = decrypt(content, password)
    except WrongPassword:
        raise SecretsError(
            f"{file}: the vault password is wrong, or the file is damaged",
            remedy="check --vault-password-file, or the file beside the inventory",
        ) from None
    except Damaged:
        raise SecretsError(f"{file}: the vault file is damaged") from None
    return _parse(file, text)


def write_vault(file: Path, password: bytes, secrets: Mapping[str, Secret]) -> None:
    """Encrypt and write, 0600, completely or not at all. Raises InputError when it cannot be written."""
    document = {
        name: {"current": secret.current, "next": secret.next, "origin": secret.origin}
        for name, secret in sorted(secrets.items())
    }
    write_private(file, encrypt(yaml.safe_dump(document, sort_keys=False).encode(), password), replace=True)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise SecretsError(f"{file}: the secrets cannot be read: {error.strerror}") from None
    if len(content) > SIZE_LIMIT:
        raise SecretsError(f"{file}: is larger than {SIZE_LIMIT // 1024 // 1024} MiB, so it is not a secrets file")
    return content


def _parse(file: Path, text: bytes) -> dict[str, Secret]:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        # The parser's own message would quote the line, and so a value.
        raise SecretsError(f"{file}: the decrypted content is not YAML", remedy=f"ansible-vault edit {file}") from None
    if not isinstance(document, dict):
        raise SecretsError(f"{file}: the decrypted content is not a mapping", remedy=f"ansible-vault edit {file}")
    return {str(name): _secret(file, str(name), entry) for name, entry in document.items()}


def _secret(file: Path, name: str, entry: Any) -> Secret:
    current = entry.get("current") if isinstance(entry, dict) else None
    upcoming = entry.get("next") if isinstance(entry, dict) else None
    origin = entry.get("origin", "supplied") if isinstance(entry, dict) else None
    good = isinstance(current, str) and current and (upcoming is None or (isinstance(upcoming, str) and upcoming))
    if not good or not isinstance(current, str) or origin not in ORIGINS:
        expected = "{current: text, next: text or null, origin: generated or supplied}"
        raise SecretsError(f"{file}: {name} is not {expected}", remedy=f"ansible-vault edit {file}")
    return Secret(current, upcoming, origin)
