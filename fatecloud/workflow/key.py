"""`key`: the key that a cluster signs with. It is made once, and kept in the vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from fatecloud.errors import FatecloudError, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.model.event import Event, Listener
from fatecloud.signing.keys import PublicKey, SigningKey
from fatecloud.vault.signing_keys import FormerKey, former_keys, signing_key, with_another_key, with_key
from fatecloud.workflow.secrets import SecretsFiles, open_vault

if TYPE_CHECKING:
    from fatecloud.workflow.session import Session

KEPT_DAYS = 90
"""Days for which a replaced key counts, unless the operator says otherwise: partners have time to name the new one."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys of a cluster."""

    cluster: str
    current: PublicKey
    former: tuple[FormerKey, ...]


def show_keys(files: SecretsFiles) -> Keys:
    """The public keys. Raises InventoryError, SecretsError, also if there is no key yet."""
    cluster = load(files.inventory)
    secrets = open_vault(files).read()
    key = signing_key(secrets)
    if key is None:
        raise SecretsError(f"{files.vault}: has no signing key yet", remedy="fatecloud secrets init")
    return Keys(cluster.name, key.public, former_keys(secrets))


def rotate_key(files: SecretsFiles, keep_until: str, today: date) -> Keys:
    """Make another key; what the present one signed counts up to a day.

    Args:
        files: inventory, secrets file, vault password file.
        keep_until: `2027-02-28`; empty for 90 days from today. A day that is over means that it counts no more.
        today: by this machine's clock.

    Raises:
        UsageError: `keep_until` is not a day.
        InventoryError, SecretsError: the vault cannot be opened or written.
    """
    try:
        until = date.fromisoformat(keep_until) if keep_until else today + timedelta(days=KEPT_DAYS)
    except ValueError:
        raise UsageError(f"invalid --keep-until {keep_until!r}: use a day, such as 2027-02-28") from None
    load(files.inventory)
    vault = open_vault(files)
    vault.write(with_another_key(vault.read(), until))
    return show_keys(files)


def key_to_sign(files: SecretsFiles) -> SigningKey | None:
    """The key for a signature; None where the inventory has no vault.

    Raises:
        SecretsError: the vault cannot be opened, or has no key.
    """
    if not files.vault.exists():
        return None
    key = signing_key(open_vault(files).read())
    if key is None:
        raise SecretsError(f"{files.vault}: has no signing key yet", remedy="fatecloud secrets init, or use --unsigned")
    return key


def own_keys(files: SecretsFiles) -> list[tuple[PublicKey, date | None]]:
    """The keys of a cluster, each with its last day; empty if it has no vault. Raises SecretsError."""
    if not files.vault.exists():
        return []
    secrets = open_vault(files).read()
    key = signing_key(secrets)
    current: list[tuple[PublicKey, date | None]] = [(key.public, None)] if key else []
    return current + [(former.key, former.until) for former in former_keys(secrets)]


def make_key(session: Session, events: Listener) -> None:
    """Make the key of a cluster whose vault has none. A deploy goes on where the vault cannot be written."""
    if not session.vault.secrets.lacks_key:
        return
    options = session.options
    files = SecretsFiles(options.inventory, options.secrets, options.vault_password_file)
    try:
        vault = open_vault(files, prompt=session.vault.ask)
        after = with_key(vault.read())
        vault.write(after)
    except FatecloudError as error:
        events(Event("note", f"no signing key was made: {error.message}"))
        return
    if key := signing_key(after):
        events(Event("ok", f"made the signing key of this cluster: {key.public.fingerprint}"))
