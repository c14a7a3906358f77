"""Finds the vault password: in a file or on the terminal, never in argv or in an environment value."""

from __future__ import annotations

import getpass
import os
import secrets
import string
import sys
from collections.abc import Callable
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import SecretsError

VARIABLE = "FATECLOUD_VAULT_PASSWORD_FILE"
"""Environment variable that names the file (not the password)."""

ALPHABET = string.ascii_letters + string.digits
GENERATED_LENGTH = 40
SIZE_LIMIT = 4096
"""Bytes of a password file."""

Ask = Callable[[str], str]


def ask_on_terminal(question: str) -> str:
    """Ask without echo. Raises SecretsError if there is no terminal."""
    if not sys.stdin.isatty():
        raise SecretsError(
            "there is no vault password, and no terminal to ask for it",
            remedy=f"name a file with --vault-password-file or {VARIABLE}",
        )
    return getpass.getpass(f"{question}: ")


def beside(inventory: Path) -> Path:
    """The password file that `init` writes: `inventory.vault-password` beside `inventory.yml`."""
    return inventory.with_name(f"{inventory.stem}.vault-password")


def find_password(inventory: Path, given: Path | None, ask: Ask) -> bytes:
    """The vault password, from the first source that exists.

    Args:
        inventory: the inventory file.
        given: `--vault-password-file`.
        ask: asks the operator when no file is named.

    Raises:
        SecretsError: a named file cannot be read or is empty, others may read ours, or there is no source.
    """
    file = named_file(given)
    if file is not None:
        return _read(file)
    own = beside(inventory)
    if own.exists():
        # Only the file that we wrote ourselves: one that an operator names may be a program's, or on a file system
        # without modes.
        if own.stat().st_mode & 0o077:
            raise SecretsError(
                f"{own}: others may read the vault password",
                remedy=f"chmod 600 {own}; operators who share the inventory each keep the password in a file that only "
                f"they can read, and name it in {VARIABLE}",
            )
        return _read(own)
    return _usable(ask("Vault password").encode(), "the vault password")


def named_file(given: Path | None) -> Path | None:
    """The file that the operator names, by option or by environment variable."""
    return given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)


def generate_password(inventory: Path) -> Path:
    """Write a new vault password beside the inventory (0600) and return the file. It is never overwritten."""
    file = beside(inventory)
    password = "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))
    write_private(file, f"{password}\n".encode(), replace=False)
    return file


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise SecretsError(
            f"{file}: the vault password cannot be read: {error.strerror}",
            remedy=f"get the password from an operator who has it, keep it in a file of your own (mode 600), and set "
            f"{VARIABLE} to the path of that file",
        ) from None
    if len(content) > SIZE_LIMIT:
        raise SecretsError(f"{file}: is larger than {SIZE_LIMIT} bytes, too large for a vault password")
    return _usable(content, str(file))


def _usable(password: bytes, source: str) -> bytes:
    stripped = password.strip()
    if not stripped:
        raise SecretsError(f"{source}: is empty; expected the vault password")
    return stripped
