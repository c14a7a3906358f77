"""Which values of the vault the services of a cluster use, and which of them rotate. Pure."""

from __future__ import annotations

from fatecloud.errors import SecretsError
from fatecloud.model.desired import Desired
from fatecloud.vault.values import SecretValues


def needed_secrets(desired: Desired) -> tuple[str, ...]:
    """Full names of the secrets that the cluster's services use."""
    names = {name for service in desired.services.values() for name in service.secrets}
    names |= {one.contribution.secret for one in desired.given if one.contribution.secret}
    names |= {app.token.name for peer in desired.cluster.peers.values() for app in peer.apps.values()}
    return tuple(sorted(names))


def require_secrets(desired: Desired, secrets: SecretValues) -> None:
    """Make sure that every secret of a service has a value. Raises SecretsError."""
    if missing := secrets.missing(needed_secrets(desired)):
        raise SecretsError(f"these secrets have no value: {', '.join(missing)}", remedy="fatecloud secrets init")


def values_on_nodes(desired: Desired, secrets: SecretValues) -> dict[str, str]:
    """The values for the files on the nodes, by full name: a service's secret that rotates has its next value.

    Passwords for a login or for sudo keep their current value: fatecloud does not change them on the node.
    """
    return {**secrets.current, **{name: secrets.next[name] for name in rotating(desired, secrets)}}


def rotating(desired: Desired, secrets: SecretValues) -> tuple[str, ...]:
    """Full names of the services' secrets that have a next value, sorted."""
    return tuple(name for name in needed_secrets(desired) if name in secrets.next)
