"""The signing key of a cluster among the secrets of its vault, and the keys that it had before. Pure but for chance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fatecloud.errors import SecretsError
from fatecloud.signing.keys import PublicKey, SigningKey, key_of, new_key, public_of_line
from fatecloud.vault.file import FORMER_KEYS, SIGNING_KEY, Secret


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key that was replaced."""

    key: PublicKey
    until: date
    """The last day on which what it signed is accepted."""


def signing_key(secrets: Mapping[str, Secret]) -> SigningKey | None:
    """The key that this cluster signs with; None if none was made yet. Raises SecretsError for a damaged one."""
    if SIGNING_KEY not in secrets:
        return None
    try:
        return key_of(secrets[SIGNING_KEY].current)
    except ValueError:
        raise _damaged(SIGNING_KEY) from None


def former_keys(secrets: Mapping[str, Secret]) -> tuple[FormerKey, ...]:
    """The keys that it had before, the oldest first. Raises SecretsError if they are damaged."""
    if FORMER_KEYS not in secrets:
        return ()
    try:
        listed = json.loads(secrets[FORMER_KEYS].current)
        return tuple(FormerKey(public_of_line(one["key"]), date.fromisoformat(one["until"])) for one in listed)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(FORMER_KEYS) from None


def with_key(secrets: Mapping[str, Secret]) -> dict[str, Secret]:
    """The secrets, with a new signing key if there was none."""
    return {SIGNING_KEY: Secret(new_key().text, None, "generated"), **secrets}


def with_another_key(secrets: Mapping[str, Secret], until: date) -> dict[str, Secret]:
    """The secrets with a new signing key. What the present one signed is accepted up to the day `until`."""
    before, former = signing_key(secrets), former_keys(secrets)
    if before is not None:
        former = (*former, FormerKey(before.public, until))
    listed = [{"key": str(one.key), "until": one.until.isoformat()} for one in former]
    changed = {SIGNING_KEY: Secret(new_key().text, None, "generated")}
    if listed:
        changed[FORMER_KEYS] = Secret(json.dumps(listed), None, "generated")
    return {**secrets, **changed}


def _damaged(name: str) -> SecretsError:
    return SecretsError(f"{name} in the vault is damaged", remedy="put an older copy of the secrets file back")
