"""Which secrets a cluster needs, and how they are generated, rotated and promoted. Pure, except for random numbers."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fatecloud import catalogue
from fatecloud.components.registry import components_by_owner
from fatecloud.model.cluster import Cluster
from fatecloud.model.component import Component
from fatecloud.model.passwords import SecretRef
from fatecloud.resolve.contributions import gather
from fatecloud.resolve.placed import contexts_of
from fatecloud.vault.file import Secret
from fatecloud.vault.password import ALPHABET

DEFAULT_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Needs:
    """The secrets of a cluster by full name."""

    generated: Mapping[str, int]
    """Secrets of its components -> length; generated unless supplied."""
    supplied: frozenset[str]
    """Secrets that the inventory refers to and that others own: passwords of SSH, of sudo and of external services,
    tokens of peers."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted({*self.generated, *self.supplied}))


def needs(cluster: Cluster, components: Mapping[str, Component] | None = None) -> Needs:
    """The secrets that a cluster's services and the access to its nodes need."""
    releases = catalogue.releases_of(cluster)
    known = components_by_owner(releases) if components is None else dict.fromkeys(releases, components)
    contexts = contexts_of(cluster, releases, known).values()
    given, _ = gather(contexts, known)
    generated = {
        context.secret(spec.name): spec.length for context in contexts for spec in context.component.secrets(context)
    }
    secret = [one for one in given if one.contribution.secret]
    generated |= {one.contribution.secret: DEFAULT_LENGTH for one in secret if one.external is None}
    # The account at an external server is its owner's: we neither make up its password nor change it.
    accounts = {one.contribution.secret for one in secret if one.external is not None}
    tokens = {app.token.name for peer in cluster.peers.values() for app in peer.apps.values()}
    passwords = [source for node in cluster.nodes.values() for source in (node.ssh.password, node.become_password)]
    supplied = {source.name for source in passwords if isinstance(source, SecretRef)}
    return Needs(generated, frozenset((supplied | tokens | accounts) - set(generated)))


def completed(secrets: Mapping[str, Secret], needed: Needs) -> dict[str, Secret]:
    """The secrets, with a generated value for each missing one that we may generate."""
    fresh = {
        name: Secret(generate(length), None, "generated")
        for name, length in needed.generated.items()
        if name not in secrets
    }
    return {**secrets, **fresh}


def rotated(
    secrets: Mapping[str, Secret], names: Iterable[str], needed: Needs, values: Mapping[str, str]
) -> dict[str, Secret]:
    """The secrets, with a next value for each named one. An existing next value is kept, so that a rotation resumes.

    Args:
        secrets: the present ones; every name is among them.
        names: what to rotate.
        needed: has the length of generated values.
        values: next values of supplied secrets.
    """
    changed = dict(secrets)
    for name in names:
        secret = secrets[name]
        # A rotation that was cut off goes on with the value that some nodes may have already.
        if secret.next is None:
            fresh = values.get(name) or generate(needed.generated.get(name, DEFAULT_LENGTH))
            changed[name] = replace(secret, next=fresh)
    return changed


def promoted(secrets: Mapping[str, Secret], names: Iterable[str]) -> dict[str, Secret]:
    """The secrets, after the next value of each named one has become its current value."""
    chosen = set(names)
    return {name: secret.promoted() if name in chosen else secret for name, secret in secrets.items()}


def generate(length: int) -> str:
    """A random text of letters and digits, so that no shell, SQL or URL needs to quote it."""
    return "".join(random.choice(ALPHABET) for _ in range(length))
