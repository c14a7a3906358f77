"""Routes between parties: of `route`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.model.network import FLAWS, End
from fatecloud.model.routes import Reason
from fatecloud.report.kinds.base import Key, Rule
from fatecloud.report.kinds.finding import RemedyDocument


class TargetDocument(TypedDict):
    """Where an entry leads."""

    host: str
    port: int
    tls: bool
    leads_to: Annotated[list[str], "Keys of the services that are there, or `peer:10000`; empty if nothing is known."]


class EntryDocument(TypedDict):
    """One line of a table."""

    party: Annotated[str, "`default` for all that have no entry."]
    role: Annotated[str, "`default` for all that the party has no entry for."]
    targets: list[TargetDocument]


class TableDocument(TypedDict):
    """What one router knows."""

    router: Key
    own: Annotated[list[str], "Parties whose router it is; empty for an exchange."]
    carries: Annotated[list[str], "Roles; `default` stands for data of tasks."]
    exchange: Annotated[str, "Group to whose router it sends everything for other parties."]
    file: Annotated[str, "What it reads on its node."]
    source: Annotated[str, "The file that was given in its place."]
    entries: list[EntryDocument]


class RouteTableList(TypedDict):
    """`fatecloud route show`."""

    items: list[TableDocument]


class FlawDocument(TypedDict):
    """One problem of the routes."""

    code: Annotated[str, Rule(enum=sorted(FLAWS))]
    router: Key
    entry: Annotated[str, "`10000.default`, or `self` for the list of own parties."]
    what: str
    packets: Annotated[list[str], "Which ones it hits."]
    remedy: list[RemedyDocument]


class RouteFlawList(TypedDict):
    """`fatecloud route lint`."""

    items: list[FlawDocument]


class HopDocument(TypedDict):
    """What one router does with a packet."""

    router: Key
    reason: Annotated[Reason | None, "null where it knows no way on, or refuses the packet."]
    entry: str
    target: Annotated[str | None, "null where the packet goes no further."]


class WayDocument(TypedDict):
    """All that happens to a packet."""

    hops: list[HopDocument]
    end: End
    at: Annotated[str, "Key of a service, `peer:10000`, or an endpoint where nothing is known."]
    why: str
    arrives: bool


# The word `from` is one of Python's own.
RouteWayList = TypedDict(
    "RouteWayList",
    {
        "from": str,
        "to": str,
        "role": str,
        "items": Annotated[list[WayDocument], "More than one where a router chooses."],
    },
)
RouteWayList.__doc__ = "`fatecloud route explain`."
