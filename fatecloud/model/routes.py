"""How packets find another party: one table per router, as pure data.

A router is a service that passes on what parties send each other. A packet names the party that it is for and, in that
party, a role: `fateflow` for requests between flows, anything else for the data of tasks. Every router looks both up in
its table in the same way, see `RouteTable.look_up`. `components/route_tables.py` makes the tables from an inventory and
writes the form that software reads:

    table = RouteTable(
        router="9999/osx@a1",
        kind="proxy",
        own=("9999",),
        entries=(
            Entry("9999", "fateflow", (Target(Endpoint("127.0.0.1", 9360)),)),
            Entry("10000", "default", (Target(Endpoint("fate.partner.example", 9370)),)),
        ),
    )
    route_table_json(table) == {
        "route_table": {
            "9999": {"fateflow": [{"ip": "127.0.0.1", "port": 9360}]},
            "10000": {"default": [{"ip": "fate.partner.example", "port": 9370}]},
        },
        "self_party": ["9999"],
    }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fatecloud.model.endpoint import Endpoint

DEFAULT = "default"
"""As a party: every one without an entry of its own. As a role: every one that the party has no entry for."""
FLOW = "fateflow"
"""The role of requests between flows."""

Reason = Literal["own party", "entry", "default role", "default party"]
"""Why a router does what it does with a packet: it takes it for its own party; or it follows the entry of the party and
role, the party's entry for all other roles, the entry for all other parties."""


@dataclass(frozen=True, slots=True)
class Tls:
    """With what a router proves itself, and whom it believes: absolute paths; empty for the software's own defaults."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an entry leads."""

    endpoint: Endpoint
    tls: Tls | None = None
    """None for plaintext."""

    def __str__(self) -> str:
        return f"{self.endpoint} with TLS" if self.tls else str(self.endpoint)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table. With several targets, a router takes any of them for each packet."""

    party: str
    role: str
    targets: tuple[Target, ...]

    @property
    def name(self) -> str:
        """`10000.default`."""
        return f"{self.party}.{self.role}"


@dataclass(frozen=True, slots=True)
class RouteTable:
    """What one router knows."""

    router: str
    """Key of the service that reads it."""
    kind: str
    """Kind of public endpoint that its entries for other parties lead to: `proxy`, `broker`."""
    own: tuple[str, ...]
    """Parties whose router it is; empty for an exchange."""
    entries: tuple[Entry, ...]
    roles: tuple[str, ...] = (FLOW, DEFAULT)
    """What it carries; `default` stands for all roles that no other router of the party carries."""
    keeps: bool = False
    """Whether it takes the data of its own parties itself and does not look them up: it hands them to the computing
    engine. Requests between flows are always looked up."""
    ports: tuple[str, ...] = ()
    """Names of its ports at which it takes packets for all parties."""
    inbound: tuple[str, ...] = ()
    """Names of those at which it refuses packets that are for none of its own parties."""
    tls: tuple[str, ...] = ()
    """Names of those that speak TLS alone."""
    exchange: str = ""
    """Group whose router it sends everything to that is not for its own parties; empty where it needs none."""
    file: str = ""
    """Absolute path of the file that it reads."""
    source: str = ""
    """The operator's file that it was read from; empty for the one that a deploy writes."""

    def roles_of(self, party: str) -> dict[str, Entry]:
        """The entries of a party by role, as written: `default` has those for all other parties."""
        return {entry.role: entry for entry in self.entries if entry.party == party}

    def look_up(self, party: str, role: str) -> tuple[Reason, Entry] | None:
        """The entry for a packet, and why; None where there is none. It asks nothing about the own parties.

        A party with any entry is never looked up among those for all other parties, whatever roles it lacks; and an
        entry without a target hides the one for all other roles.
        """
        own = self.roles_of(party)
        found = own or self.roles_of(DEFAULT)
        entry = found.get(role) or found.get(DEFAULT)
        if entry is None or not entry.targets:
            return None
        return ("default party" if not own else "entry" if entry.role == role else "default role"), entry

    def ways(self) -> Mapping[str, Endpoint]:
        """Party -> where it is reached, for software with one address per party."""
        return {entry.party: entry.targets[0].endpoint for entry in self.entries if entry.role == DEFAULT}
