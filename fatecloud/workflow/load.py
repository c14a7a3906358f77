"""From the operator's files to a session: the desired state, the secrets, and access to the nodes."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from fatecloud import catalogue, inventory
from fatecloud.artifacts import default_store, python_sets
from fatecloud.artifacts.store import Store
from fatecloud.components.registry import by_kind
from fatecloud.errors import ArtifactMissing, SecretsError
from fatecloud.model.cluster import Cluster, Node, Prompt, SecretRef
from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.observed import Observed
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.machines import as_read
from fatecloud.shipped import folder
from fatecloud.state.directory import cluster_directory
from fatecloud.timing import phase
from fatecloud.transport import CONNECT_TIMEOUT, Transport, connect
from fatecloud.vault import values as vault
from fatecloud.vault.password import ask_on_terminal
from fatecloud.vault.redaction import redactor


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator can choose about files and access, the same for every verb."""

    inventory: Path
    secrets: Path | None = None
    vault_password_file: Path | None = None
    state_dir: Path | None = None
    store: Path | None = None
    accept_new_host_keys: bool = False


@dataclass(slots=True)
class Session:
    """Everything that a workflow needs and that is read before it starts."""

    options: Options
    cluster: Cluster
    resolved: Desired
    """The desired state before its files are rendered: enough to ask the nodes."""
    store: Store
    state: Path
    seen: Observed | None = None
    """What the nodes answered when they were last read."""
    _passwords: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _secrets: vault.SecretValues | None = None
    _vault_password: str | None = field(default=None, repr=False)
    _rendered: Desired | None = None

    def take(self, observed: Observed) -> None:
        """Note what nodes answered, and size the services by it: what should be may then be other than before."""
        self.seen = observed
        cluster = as_read(self.cluster, observed)
        if cluster is self.cluster:
            return
        self.cluster = cluster
        self.resolved = resolve(cluster, self.resolved.release, self.resolved.pythons)
        if self._rendered is not None:
            self._rendered = rendered(self.resolved, self._rendered)

    @property
    def desired(self) -> Desired:
        """The desired state with its files, which are rendered at the first use. Raises FatecloudError."""
        if self._rendered is None:
            with phase("rendered the files"):
                self._rendered = self.resolved if self.resolved.files else rendered(self.resolved)
        return self._rendered

    def require_secrets(self) -> None:
        """Make sure that every secret of a service has a value. Raises SecretsError."""
        if missing := self.secrets.missing(needed_secrets(self.resolved)):
            raise SecretsError(
                f"these secrets have no value: {', '.join(missing)}",
                remedy="fatecloud secrets init",
            )

    def make_ready(self) -> None:
        """Render and open the vault, which a comparison needs. Call it while the nodes are read.

        Raises:
            SecretsError: the vault cannot be opened or lacks a secret.
        """
        self.require_secrets()
        _ = self.desired

    @property
    def secrets(self) -> vault.SecretValues:
        """The values in the vault, which is opened at the first use. Raises SecretsError."""
        if self._secrets is None:
            with phase("opened the vault"):
                self._secrets = vault.load(
                    self.options.inventory,
                    path=self.options.secrets,
                    vault_password_file=self.options.vault_password_file,
                    prompt=self.ask_vault_password,
                )
        return self._secrets

    def ask_vault_password(self, question: str) -> str:
        """The vault password from the terminal, asked only once. Raises SecretsError without a terminal."""
        if self._vault_password is None:
            self._vault_password = ask_on_terminal(question)
        return self._vault_password

    @property
    def values(self) -> dict[str, str]:
        """The values for the files on the nodes, by full name: a service's secret that rotates has its next value.

        Passwords for a login or for sudo keep their current value: fatecloud does not change them on the node.
        """
        rotating = self.secrets.next
        changed = {name: rotating[name] for name in needed_secrets(self.resolved) if name in rotating}
        return {**self.secrets.current, **changed}

    @property
    def rotating(self) -> tuple[str, ...]:
        """Full names of the services' secrets that have a next value, sorted."""
        return tuple(name for name in needed_secrets(self.resolved) if name in self.secrets.next)

    @property
    def prompted(self) -> dict[str, str]:
        """Passwords that the operator typed in this run, by `prompt.<node>.<kind>`."""
        return {f"prompt.{node}.{kind}": value for (node, kind), value in self._passwords.items()}

    def redact(self, text: str) -> str:
        """The text without the secrets of the vault and the passwords that the operator typed in this run."""
        return redactor(frozenset(self._passwords.values()))(self.secrets.redact(text))

    @property
    def known_hosts(self) -> Path:
        """Host keys of the cluster's nodes, private to it."""
        return self.state / "known_hosts"

    def connect(self, node: Node, seconds: float = CONNECT_TIMEOUT) -> Transport:
        """Open a transport to a node within `seconds`, at most `CONNECT_TIMEOUT`. Raises TransportError."""
        return connect(
            node,
            known_hosts=self.known_hosts,
            accept_new=self.options.accept_new_host_keys,
            passwords=self.password,
            timeout=min(seconds, CONNECT_TIMEOUT),
        )

    def ask_passwords(self, names: Collection[str] = ()) -> None:
        """Get the passwords of these nodes (empty: all) now, because threads cannot share the terminal later.

        Raises:
            SecretsError: the vault cannot be opened, or there is no terminal to ask on.
        """
        for name in names or self.cluster.nodes:
            for kind in ("ssh", "become"):
                self.password(self.cluster.nodes[name], kind)

    def password(self, node: Node, kind: str) -> str | None:
        """The SSH (`ssh`) or sudo (`become`) password of a node, from the vault or a prompt, asked once."""
        source = node.ssh.password if kind == "ssh" else node.become_password
        if isinstance(source, SecretRef):
            return self.secrets.current.get(source.name)
        if not isinstance(source, Prompt):
            return None
        if (node.name, kind) not in self._passwords:
            if not sys.stdin.isatty():
                raise SecretsError(f"{node.name}: cannot ask for the {kind} password: there is no terminal")
            self._passwords[node.name, kind] = getpass.getpass(f"{kind} password for {node.name}: ")
        return self._passwords[node.name, kind]


def load_session(options: Options, *, need_store: bool = False, need_secrets: bool = True) -> Session:
    """Read inventory, release, store and secrets, and work out the desired state.

    Args:
        need_store: whether the verb ships artifacts, so that an incomplete store is an error.
        need_secrets: whether the verb compares or writes files, so that missing secrets are an error. A verb that reads
            nodes first passes False, and calls `require_secrets` while they work.

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
        resolved = resolve(cluster, release, pythons)
    session = Session(options, cluster, resolved, store, cluster_directory(cluster.id, options.state_dir))
    if need_secrets:
        session.require_secrets()
    return session


def rendered(desired: Desired, before: Desired | None = None) -> Desired:
    """Fill `files`: every file of every node, with placeholders instead of secrets.

    Args:
        before: rendered while the nodes were read; a service that is the same has the same files.
    """
    from fatecloud.render.files import render_specs  # noqa: PLC0415 - not before the nodes have been asked

    templates = folder("templates")
    files: dict[str, list[DesiredFile]] = {name: [] for name in desired.cluster.nodes}
    for key, service in sorted(desired.services.items()):
        same = before is not None and before.services.get(key) == service
        kept = before.files.get(service.id.node, ()) if before is not None and same else ()
        files[service.id.node] += (
            [file for file in kept if file.service == key] if same else render_specs(service.specs, key, templates)
        )
    for name, specs in desired.node_specs.items():
        files[name] += render_specs(specs, "node", templates)
    for name, node in desired.cluster.nodes.items():
        if node.check:
            from fatecloud.workflow.limited import check_files  # noqa: PLC0415 - few clusters need it

            files[name] += check_files(desired, node)
    return replace(desired, files={name: tuple(found) for name, found in files.items()})


def needed_secrets(desired: Desired) -> tuple[str, ...]:
    """Full names of the secrets that the cluster's services use."""
    names = {
        f"{service.id.owner}.{spec.name}"
        for service in desired.services.values()
        for component in (by_kind()[service.kind],)
        for spec in (*component.secrets, *component.shared_secrets(desired.cluster, service.id.owner))
    }
    names |= {one.contribution.secret for one in desired.given if one.contribution.secret}
    names |= {app.token.name for peer in desired.cluster.peers.values() for app in peer.apps.values()}
    return tuple(sorted(names))
