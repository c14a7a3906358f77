"""What a verb works with: what should be, what was read of the nodes, and the way to files and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fatecloud.artifacts.store import Store
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.machines import as_read
from fatecloud.timing import phase
from fatecloud.vault.opened import OpenedVault
from fatecloud.vault.redaction import redactor
from fatecloud.workflow.access import Access
from fatecloud.workflow.needed_secrets import require_secrets
from fatecloud.workflow.options import Options
from fatecloud.workflow.rendered import rendered


@dataclass(slots=True)
class Session:
    """One verb at work on one cluster."""

    options: Options
    cluster: Cluster
    resolved: Desired
    """The desired state before its files are rendered: enough to ask the nodes."""
    store: Store
    state: Path
    """The cluster's own directory on the controller."""
    vault: OpenedVault
    access: Access
    seen: Observed | None = None
    """What the nodes answered when they were last read."""
    _rendered: Desired | None = None

    def take(self, observed: Observed) -> None:
        """Note what nodes answered, and size the services by it: what should be may then be other than before."""
        self.seen = observed
        cluster = as_read(self.cluster, observed)
        if cluster is self.cluster:
            return
        self.cluster = cluster
        self.resolved = resolve(cluster, self.resolved.releases, self.resolved.pythons, self.resolved.jdks)
        if self._rendered is not None:
            self._rendered = rendered(self.resolved, self._rendered)

    @property
    def desired(self) -> Desired:
        """The desired state with its files, which are rendered at the first use. Raises FatecloudError."""
        if self._rendered is None:
            with phase("rendered the files"):
                self._rendered = self.resolved if self.resolved.files else rendered(self.resolved)
        return self._rendered

    def make_ready(self) -> None:
        """Render and open the vault, which a comparison needs. Call it while the nodes are read.

        Raises:
            SecretsError: the vault cannot be opened or lacks a secret.
        """
        require_secrets(self.resolved, self.vault.secrets)
        _ = self.desired

    def redact(self, text: str) -> str:
        """The text without the secrets of the vault and the passwords that the operator typed in this run."""
        return redactor(frozenset(self.access.logins.typed.values()))(self.vault.secrets.redact(text))
