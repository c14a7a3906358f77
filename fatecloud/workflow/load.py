"""From the operator's files to a session."""

from __future__ import annotations

from pathlib import Path

from fatecloud import catalogue, inventory
from fatecloud.artifacts import default_store
from fatecloud.artifacts.jdk import imported_jdks
from fatecloud.artifacts.packages.record import with_packages
from fatecloud.artifacts.store import Store
from fatecloud.model.desired import Desired
from fatecloud.resolve.desired import resolve
from fatecloud.state.directory import cluster_directory
from fatecloud.timing import phase
from fatecloud.vault.opened import OpenedVault
from fatecloud.workflow.access import Access
from fatecloud.workflow.logins import Logins
from fatecloud.workflow.needed_secrets import require_secrets
from fatecloud.workflow.options import Options
from fatecloud.workflow.session import Session
from fatecloud.workflow.stored import require_complete, require_packages, stored


def load_session(options: Options, *, need_store: bool = False, need_secrets: bool = True) -> Session:
    """Read inventory, release, store and secrets, and work out the desired state.

    Args:
        need_store: whether the verb ships artifacts, so that an incomplete store is an error.
        need_secrets: whether the verb compares or writes files, so that missing secrets are an error. A verb that reads
            nodes first passes False, and calls `Session.make_ready` while they work.

    Raises:
        InventoryError: the inventory is wrong.
        SecretsError: the vault cannot be opened or lacks a secret.
        ArtifactMissing: the store lacks what a deployment needs.
    """
    resolved, store = load_desired(options, need_store=need_store)
    session = session_of(options, resolved, store, cluster_directory(resolved.cluster.id, options.state_dir))
    if need_secrets:
        require_secrets(resolved, session.vault.secrets)
    return session


def load_desired(options: Options, *, need_store: bool = False) -> tuple[Desired, Store]:
    """The same for what should be alone, and the store that it was read with: writes nothing, and needs no vault."""
    with phase("read the inventory"):
        cluster = inventory.load(options.inventory)
    store = Store(options.store or default_store())
    releases = {owner: with_packages(release, store) for owner, release in catalogue.releases_of(cluster).items()}
    # Reading verbs work without a store: they know less then, and say so where it matters.
    pythons, gaps = stored(releases.values(), store)
    if need_store:
        require_complete(gaps)
    with phase("worked out what should be"):
        resolved = resolve(cluster, releases, pythons, imported_jdks(store))
    if need_store:
        require_packages(resolved)
    return resolved, store


def session_of(options: Options, resolved: Desired, store: Store, state: Path) -> Session:
    """The session of a desired state; it opens neither vault nor connection by itself."""
    vault = OpenedVault(options.inventory, options.secrets, options.vault_password_file)
    access = Access(state / "known_hosts", options.accept_new_host_keys, Logins(vault))
    return Session(options, resolved.cluster, resolved, store, state, vault, access)
