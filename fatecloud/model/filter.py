"""A packet filter: at which of a service's ports nftables lets in a few networks alone. Pure data.

It is a table of the service's own, with one chain. What others filter stays theirs: an `accept` in one table takes
back no `drop` of another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network, summarize_address_range
from typing import Any

PACKAGES: Mapping[str, tuple[str, ...]] = {"debian": ("nftables",), "redhat": ("nftables",)}
"""By os family, the distribution packages that bring `nft`."""
PRIORITY = -5
"""Of the chain: before those that most firewalls have at 0."""
LOOPBACK = "lo"
"""The interface over which a node's own packets come in, whatever address they are for."""

Network = IPv4Network | IPv6Network
Rule = tuple[int | None, frozenset[str], str]
"""Port, where a packet comes from (nothing: wherever), and what is done with it; in the order of the chain."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A port, and who may connect to it besides its own node."""

    port: int
    networks: tuple[str, ...]
    """CIDR, each address in one of them at most; empty: the own node alone."""

    def of(self, version: int) -> tuple[str, ...]:
        """Those networks that are of a version of IP, 4 or 6."""
        return tuple(one for one in self.networks if ip_network(one).version == version)


@dataclass(frozen=True, slots=True)
class Filter:
    """The packet filter of one service."""

    table: str
    openings: tuple[Opening, ...]

    @property
    def rules(self) -> list[Rule]:
        """What its chain has to hold."""
        found: list[Rule] = [(None, frozenset({LOOPBACK}), "accept")]
        for opening in self.openings:
            found += [(opening.port, frozenset(own), "accept") for own in map(opening.of, (4, 6)) if own]
            found.append((opening.port, frozenset(), "drop"))
        return found


def collapsed(networks: Iterable[str]) -> tuple[str, ...]:
    """The same addresses in as few networks as possible, in order; a set of nftables takes no address twice.

    Raises:
        ValueError: one is not a network.
    """
    known: list[Network] = [ip_network(one) for one in networks]
    four = collapse_addresses(one for one in known if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in known if isinstance(one, IPv6Network))
    return tuple(str(one) for one in (*four, *six))


def held_rules(rows: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The rules of the fact `filters`, in the form of `Filter.rules`: nft may write the same addresses as a range."""
    return [(row["port"], _sources(row["from"]), row["does"]) for row in rows]


def rule_text(rule: Rule) -> str:
    """A rule for people: `8879 accept 10.0.0.0/24`."""
    port, sources, does = rule
    return " ".join([*([str(port)] if port else []), does, ", ".join(sorted(sources))]).strip()


def _sources(words: Iterable[str]) -> frozenset[str]:
    try:
        return frozenset(collapsed(str(network) for word in words for network in _networks(word)))
    except ValueError:
        return frozenset(words)  # an interface, or what no filter of ours has


def _networks(word: str) -> Iterable[Network]:
    first, dash, last = word.partition("-")
    return summarize_address_range(ip_address(first), ip_address(last)) if dash else [ip_network(word)]
