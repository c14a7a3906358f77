"""`init`: write a first inventory and its secrets."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fatecloud.atomic import write_private
from fatecloud.errors import InputError, UsageError
from fatecloud.inventory import load
from fatecloud.inventory.cluster_id import name_from
from fatecloud.inventory.starter import Answers, starter_text
from fatecloud.vault.file import path_of
from fatecloud.workflow.secrets import Initialised, SecretsFiles, init_secrets

INVENTORY = "inventory.yml"
_IGNORED = "# Vault passwords do not belong into version control; the encrypted secrets may.\n*.vault-password\n"


def init_cluster(
    directory: Path,
    template: str,
    nodes: Iterable[str] = (),
    *,
    cluster: str = "",
    base: str = "",
    user: str = "",
    key: str = "",
    become: str = "",
    vault_password_file: Path | None = None,
) -> Initialised:
    """Write `inventory.yml` and its secrets into a directory.

    Args:
        directory: created if it does not exist.
        template: name of a file in `inventories/`: `all-in-one`, `two-party`, ...
        nodes: `NAME=ADDRESS` for nodes of the template.
        cluster: its name; the directory's when empty.
        base: directory on the nodes, absolute; the template's own when empty.
        user: login on the nodes; the template's own when empty.
        key: private key for it on this machine; when empty, OpenSSH uses its default keys.
        become: how services run on local nodes, `root` or `none`; the template's own when empty.
        vault_password_file: file with the vault password; generated beside the inventory when there is none.

    Raises:
        UsageError: an unknown template, a node that it does not have, `--node` without `NAME=ADDRESS`, or a name that
            no cluster can have.
        InputError: a file exists already; nothing is overwritten.
        InventoryError: an address is not valid, or `base` is not a directory that can be a cluster's alone.
        SecretsError: there is no way to get the vault password.
    """
    name = cluster or name_from(directory.resolve().name)
    text = starter_text(template, Answers(name, _addresses(nodes), base, user, key, become))
    inventory = directory / INVENTORY
    for file in (inventory, path_of(inventory)):
        if file.exists():
            raise InputError(f"{file}: exists already and is not overwritten", remedy="name another directory with -o")
    made = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory}: cannot create the directory: {error.strerror}") from None
    # An inventory has no secrets, and others on the machine may have to read it.
    write_private(inventory, text.encode(), replace=False, mode=0o644)
    try:
        load(inventory)
        done = init_secrets(SecretsFiles(inventory, vault_password_file=vault_password_file))
    # A half-made inventory would be in the way of the next attempt.
    except BaseException:
        inventory.unlink()
        if made:
            with suppress(OSError):  # not empty: a generated vault password stays, and the directory with it
                directory.rmdir()
        raise
    if not (directory / ".gitignore").exists():
        write_private(directory / ".gitignore", _IGNORED.encode(), replace=False, mode=0o644)
    return done


def file_of(output: Path, inventory: Path | None, *, exists: bool) -> Path:
    """The inventory file that `init` is about.

    Args:
        output: `--output`, a directory.
        inventory: `--inventory`, a file or a directory, where it is given.
        exists: whether the file must exist already; then it may have any name.

    Raises:
        UsageError: init cannot write a file with that name.
    """
    if inventory is None:
        return output / INVENTORY
    if inventory.is_dir() or not (exists or inventory.suffix):
        return inventory / INVENTORY
    if not exists and inventory.name != INVENTORY:
        raise UsageError(f"{inventory}: init writes a file called {INVENTORY}", remedy="name its directory with -o")
    return inventory


def _addresses(nodes: Iterable[str]) -> dict[str, str]:
    addresses = {}
    for word in nodes:
        name, sign, address = word.partition("=")
        if not (name and sign and address):
            raise UsageError(f"invalid --node {word!r}: use NAME=ADDRESS")
        addresses[name] = address
    return addresses
