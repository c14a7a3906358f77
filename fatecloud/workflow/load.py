"""From the operator's files to a session."""

from __future__ import annotations

from pathlib import Path

from fatecloud import catalogue, inventory
from fatecloud.artifacts import default_store, python_sets
from fatecloud.artifacts.jdk import imported_jdks
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing
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
    with phase("read the inventory"):
        cluster = inventory.load(options.inventory)
    release = catalogue.load(cluster.release)
    store = Store(options.store or default_store())
    try:
        pythons = python_sets(release, store)
    except ArtifactMissing:
        if need_store:
            raise
        pythons = {}
    with phase("worked out what should be"):
        resolved = resolve(cluster, release, pythons, imported_jdks(store))
    session = session_of(options, resolved, store, cluster_directory(cluster.id, options.state_dir))
    if need_secrets:
        require_secrets(resolved, session.vault.secrets)
    return session


def session_of(options: Options, resolved: Desired, store: Store, state: Path) -> Session:
    """The session of a desired state; it opens neither vault nor connection by itself."""
    vault = OpenedVault(options.inventory, options.secrets, options.vault_password_file)
    access = Access(state / "known_hosts", options.accept_new_host_keys, Logins(vault))
    return Session(options, resolved.cluster, resolved, store, state, vault, access)
