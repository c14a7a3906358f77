"""What the operator wrote, normalised: a cluster of parties on nodes. Frozen, free of I/O and of secret values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.compatibility import Compatibility
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.passwords import SecretRef

ID_SHOWN = 6
"""Digits of a cluster's id in names on nodes. Where two clusters of one name share them, a node refuses the second."""


@dataclass(frozen=True, slots=True)
class App:
    """What a party shows to another one's flow to be known there. The other one issues it."""

    id: str
    token: SecretRef


@dataclass(frozen=True, slots=True)
class Peer:
    """A party that others manage."""

    id: str
    endpoints: Mapping[str, Endpoint]
    addresses: tuple[str, ...] = ()
    """Networks from which its connections come, as CIDR; empty if the operator did not say."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """`key` and `former_key` -> fingerprint of a key that its operator signs with: `SHA256:...[ until 2027-02-28]`."""
    apps: Mapping[str, App] = field(default_factory=dict)
    """Party of this inventory -> the app that the peer issued to it."""
    fate: str = ""
    """Version of FATE that it runs; empty if the operator did not say."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `inventory.yml:12:3`, `defaults`, `release fate-2.2.0`, `built in`, ..."""

    source: str

    @property
    def is_file(self) -> bool:
        """Whether the operator wrote it."""
        return not self.source.startswith(("built in", "derived", "release "))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that one inventory describes."""

    name: str
    """Shown to people; other clusters may have the same one."""
    id: str
    """Random, and so no other cluster's: 16 hexadecimal digits, the first a letter."""
    nodes: Mapping[str, Node]
    owners: Mapping[str, Owner]
    """Parties, then groups, each in the order of the inventory."""
    peers: Mapping[str, Peer]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Dotted path of a value -> where it came from."""
    compatibility: Compatibility = field(default_factory=Compatibility)
    """Which of the parties and peers can run jobs with each other."""

    @property
    def parties(self) -> dict[str, Owner]:
        """The FATE sites that this operator manages."""
        return {name: owner for name, owner in self.owners.items() if owner.kind == "party"}

    @property
    def groups(self) -> dict[str, Owner]:
        """The owners of what serves several parties, or none."""
        return {name: owner for name, owner in self.owners.items() if owner.kind == "group"}

    def others(self, owner: str) -> tuple[str, ...]:
        """Ids of the other parties that one can run jobs with, managed ones and peers, sorted; for a group all."""
        every = (self.parties.keys() | self.peers.keys()) - {owner}
        if not self.compatibility.reasons:
            return tuple(sorted(every))
        return tuple(sorted(one for one in every if not self.compatibility.apart(owner, one)))

    @property
    def architecture(self) -> str | None:
        """How the components of the parties are connected."""
        return next((party.architecture for party in self.parties.values()), None)

    @property
    def releases(self) -> tuple[str, ...]:
        """Names of the releases of its owners, each once."""
        return tuple(dict.fromkeys(owner.release for owner in self.owners.values()))

    @property
    def label(self) -> str:
        """Prefix of the names that fatecloud uses on nodes: `demo-c3f9a2`, the name and the first digits of the id."""
        return f"{self.name}-{self.id[:ID_SHOWN]}"
