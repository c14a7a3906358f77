"""Tables of routers: made from an inventory, looked up, and written as OSX reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fatecloud.components.route_tables import route_table_json, table_of
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.owner import FromGroup, Owner
from fatecloud.model.routes import DEFAULT, FLOW, Entry, RouteTable, Target, Tls

HERE = Endpoint("127.0.0.1", 9360)
EXCHANGE = Endpoint("10.0.0.9", 9370)
TRUST = Tls("/ca.pem", "/own.pem", "/own.key")


def owner(name: str, host: str, **placement: Any) -> Owner:
    public = {"proxy": Endpoint(host, 9370)} if host else {}
    return Owner(name, "party" if name.isdigit() else "group", "r", None, public, placement, {})


PARTIES = {"9999": owner("9999", "10.0.0.1"), "10000": owner("10000", "10.0.0.2")}
GROUPS = {"hub": owner("hub", "10.0.0.9")}


def context(of: str, parties: dict[str, Owner] = PARTIES, peers: tuple[str, ...] = ("11000",)) -> Context:
    """The look-ups that a table needs."""

    def endpoint(party: str, _kind: str) -> Endpoint:
        return Endpoint(f"fate.{party}.example", 9370)

    return cast(
        "Context",
        SimpleNamespace(
            id=ServiceId("demo-c3f9a2", of, "osx", "n1"),
            cluster=SimpleNamespace(parties=parties, owners={**parties, **GROUPS}),
            others=lambda: tuple(sorted({*parties, *peers} - {of})),
            peer_endpoint=endpoint,
        ),
    )


def written(table: RouteTable) -> dict[str, list[tuple[str, str, int]]]:
    """Party -> role, host and port of its entries, with `self` for the own parties."""
    document = route_table_json(table)
    ways = {
        party: [(role, one["ip"], one["port"]) for role, several in roles.items() for one in several]
        for party, roles in document["route_table"].items()
    }
    return {"self": document["self_party"], **ways}


def test_in_a_mesh_each_other_party_has_an_entry_with_its_public_address() -> None:
    assert written(table_of(context("9999"), "proxy", {"9999": {FLOW: HERE}})) == {
        "self": ["9999"],
        "9999": [(FLOW, "127.0.0.1", 9360)],
        "10000": [(DEFAULT, "10.0.0.2", 9370)],
        "11000": [(DEFAULT, "fate.11000.example", 9370)],
    }


def test_in_a_star_a_party_sends_all_but_its_own_to_the_exchange() -> None:
    assert written(table_of(context("9999"), "proxy", {"9999": {FLOW: HERE}}, exchange="hub")) == {
        "self": ["9999"],
        "9999": [(FLOW, "127.0.0.1", 9360)],
        DEFAULT: [(DEFAULT, "10.0.0.9", 9370)],
    }


def test_an_exchange_knows_every_party_and_calls_itself_by_its_group() -> None:
    # OSX 1.1.0 takes the first of its own parties at each packet, and fails where there is none.
    assert written(table_of(context("hub"), "proxy", {})) == {
        "self": ["hub"],
        "10000": [(DEFAULT, "10.0.0.2", 9370)],
        "11000": [(DEFAULT, "fate.11000.example", 9370)],
        "9999": [(DEFAULT, "10.0.0.1", 9370)],
    }


def test_a_party_whose_router_is_a_groups_is_reached_there() -> None:
    shared = PARTIES | {"10000": owner("10000", "", osx=FromGroup("hub"))}
    table = table_of(context("9999", shared, ()), "proxy", {"9999": {FLOW: HERE}})
    assert table.ways() == {"10000": EXCHANGE}


def test_one_router_of_two_parties_sends_neither_outside() -> None:
    own = {"9999": {FLOW: HERE}, "10000": {FLOW: Endpoint("10.0.0.2", 9360)}}
    table = table_of(context("hub"), "proxy", own)
    assert (table.own, list(table.ways())) == (("9999", "10000"), ["11000"])


def test_a_target_with_tls_names_its_files_and_a_plain_one_has_no_key_for_it() -> None:
    document = route_table_json(table_of(context("9999"), "proxy", {"9999": {FLOW: HERE}}, trust={"10000": TRUST}))
    assert document["route_table"]["10000"][DEFAULT] == [
        {
            "ip": "10.0.0.2",
            "port": 9370,
            "useSSL": True,
            "caFile": "/ca.pem",
            "certChainFile": "/own.pem",
            "privateKeyFile": "/own.key",
        }
    ]
    assert document["route_table"]["11000"][DEFAULT] == [{"ip": "fate.11000.example", "port": 9370}]


HERE_ONLY = (Target(HERE),)
ENTRIES = (
    Entry("9999", FLOW, HERE_ONLY),
    Entry("10000", FLOW, HERE_ONLY),
    Entry("10000", DEFAULT, HERE_ONLY),
    Entry("11000", FLOW, ()),
    Entry("11000", DEFAULT, HERE_ONLY),
    Entry(DEFAULT, DEFAULT, HERE_ONLY),
)


@pytest.mark.parametrize(
    ("party", "role", "found"),
    [
        ("10000", FLOW, ("entry", "10000.fateflow")),
        ("10000", "guest", ("default role", "10000.default")),
        ("12000", FLOW, ("default party", "default.default")),
        ("9999", "guest", None),
        ("11000", FLOW, None),
    ],
)
def test_a_party_with_an_entry_is_not_looked_up_among_all_others(
    party: str, role: str, found: tuple[str, str] | None
) -> None:
    got = RouteTable("9999/osx@n1", "proxy", ("9999",), ENTRIES).look_up(party, role)
    assert (got and (got[0], got[1].name)) == found
