"""The keys of a cluster as a table, and for programs. Public keys only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from fatecloud.report.kinds.inventory import SigningKey
from fatecloud.report.wrap import wrapped


class Public(Protocol):
    """A public key; as text it is what OpenSSH writes."""

    @property
    def fingerprint(self) -> str:
        """What people compare."""


class Former(Protocol):
    """A key that was replaced."""

    @property
    def key(self) -> Public:
        """The key."""

    @property
    def until(self) -> date:
        """The last day on which it counts."""


class Keys(Protocol):
    """The keys of a cluster."""

    @property
    def cluster(self) -> str:
        """Its name."""

    @property
    def current(self) -> Public:
        """The key that it signs with."""

    @property
    def former(self) -> Sequence[Former]:
        """The ones before."""


def keys_text(keys: Keys, width: int) -> str:
    """Fingerprints first: they are what is read out on the phone."""
    rows = [("fingerprint", keys.current.fingerprint), ("public key", str(keys.current))]
    rows += [("former", f"{one.key.fingerprint} until {one.until.isoformat()}") for one in keys.former]
    return "\n".join(line for name, text in rows for line in wrapped(text, width, f"{name:<12} ", " " * 13))


def keys_document(keys: Keys) -> SigningKey:
    """The same as a document for programs."""
    return {
        "cluster": keys.cluster,
        "fingerprint": keys.current.fingerprint,
        "public_key": str(keys.current),
        "former": [
            {"fingerprint": one.key.fingerprint, "public_key": str(one.key), "until": one.until.isoformat()}
            for one in keys.former
        ],
    }
