"""What is wrong with routes: each code from one change of a healthy mesh or star, at its place, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings
from route_world import HUB, PEER, Document, any_tables, mesh, network, router, star, to
from sampling import LONG, SEED

from fatecloud.model.endpoint import Endpoint
from fatecloud.model.network import FLAWS, Flaw, Network
from fatecloud.model.remedy import Edit
from fatecloud.model.routes import DEFAULT, FLOW
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.ways import explain

Change = Callable[[dict[str, Document]], object]


@dataclass(frozen=True)
class Case:
    """One change, and all flaws that it makes: code, router, entry."""

    base: Callable[[], dict[str, Document]]
    change: Change
    found: tuple[tuple[str, str, str], ...]


def put(name: str, party: str, roles: Any) -> Change:
    return lambda all_: all_[name]["route_table"].__setitem__(party, roles)


def drop(name: str, party: str) -> Change:
    return lambda all_: all_[name]["route_table"].pop(party)


def selves(name: str, *parties: str) -> Change:
    return lambda all_: all_[name].__setitem__("self_party", list(parties))


CASES = {
    "a loop of two": Case(mesh, put("2", "2", {FLOW: [to("1")]}), (("ROUTE_LOOP", "2", "2.fateflow"),)),
    "a loop of one": Case(mesh, put("1", "2", {DEFAULT: [to("1")]}), (("ROUTE_LOOP", "1", "2.default"),)),
    "a star whose party does not know its own flow": Case(
        star, drop("2", "2"), (("ROUTE_LOOP", "2", "default.default"),)
    ),
    "an exchange that does not know a party": Case(star, drop(HUB, "3"), (("ROUTE_ONE_WAY", HUB, "3.default"),)),
    "an exchange that does not know a peer": Case(star, drop(HUB, PEER), (("ROUTE_MISSING", HUB, f"{PEER}.default"),)),
    "a party that knows another one, which does not know it": Case(
        mesh, drop("1", "2"), (("ROUTE_ONE_WAY", "1", "2.default"),)
    ),
    "a star without its default": Case(star, drop("1", DEFAULT), (("ROUTE_DEFAULT_MISSING", "1", "default.default"),)),
    "a party with requests alone": Case(
        star, put("1", "2", {FLOW: [to("2")]}), (("ROUTE_DEFAULT_MISSING", "1", "2.default"),)
    ),
    "a list without a target": Case(star, put("1", "2", {DEFAULT: []}), (("ROUTE_SHADOWED", "1", "2.default"),)),
    "a party without a role": Case(star, put("1", "2", {}), (("ROUTE_SHADOWED", "1", "2.default"),)),
    "an own party's default": Case(
        mesh, put("1", "1", {FLOW: [to("1", 9360)], DEFAULT: [to("1")]}), (("ROUTE_SHADOWED", "1", "1.default"),)
    ),
    "another list of own parties": Case(mesh, selves("1", "77"), (("ROUTE_OWN_OUTSIDE", "1", "self"),)),
    "another list of own parties in a star": Case(star, selves("1", "77"), (("ROUTE_OWN_OUTSIDE", "1", "self"),)),
    "own requests to a peer": Case(
        mesh, put("1", "1", {FLOW: [to(PEER)]}), (("ROUTE_OWN_OUTSIDE", "1", "1.fateflow"),)
    ),
    "a party among the own ones that is not": Case(mesh, selves("1", "1", "2"), (("ROUTE_WRONG_PARTY", "1", "self"),)),
    "no entry for the own flow": Case(mesh, drop("2", "2"), (("ROUTE_ROLE_MISSING", "2", "2.fateflow"),)),
    "another party's flow": Case(
        mesh, put("1", "2", {DEFAULT: [to("2")], FLOW: [to("3", 9360)]}), (("ROUTE_WRONG_PARTY", "1", "2.fateflow"),)
    ),
    "an address where nothing is": Case(
        mesh, put("1", "2", {DEFAULT: [to("2", 1)]}), (("ROUTE_WRONG_PARTY", "1", "2.default"),)
    ),
    "a service that takes no packets": Case(
        mesh, put("2", "2", {FLOW: [to("2", 4670)]}), (("ROUTE_WRONG_PARTY", "2", "2.fateflow"),)
    ),
    "TLS where none is spoken": Case(
        mesh, put("1", "2", {DEFAULT: [to("2", useSSL=True)]}), (("ROUTE_PLAINTEXT", "1", "2.default"),)
    ),
}


def built(case: Case) -> Network:
    documents = case.base()
    case.change(documents)
    return network(documents, exchange=HUB if case.base is star else "")


def places(found: tuple[Flaw, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((flaw.code, flaw.router, flaw.entry) for flaw in found)


@pytest.mark.parametrize("base", [mesh, star])
def test_healthy_routes_have_no_flaw(base: Callable[[], dict[str, Document]]) -> None:
    assert flaws(network(base(), exchange=HUB if base is star else "")) == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_change_is_one_flaw_at_its_place(case: Case) -> None:
    found = flaws(built(case))
    assert places(found) == tuple((code, router(name), entry) for code, name, entry in case.found)
    for flaw in found:
        assert flaw.what
        # What an operator's own table has wrong is put right there.
        assert [remedy.file for remedy in flaw.remedy if isinstance(remedy, Edit)] == [f"{case.found[0][1]}.json"]


def test_each_code_has_a_case() -> None:
    assert {code for case in CASES.values() for code, *_ in case.found} == set(FLAWS)


def test_plaintext_to_a_port_that_speaks_tls_alone_is_found_in_each_sender() -> None:
    found = flaws(network(mesh(), tls=("2",)))
    assert places(found) == tuple(("ROUTE_PLAINTEXT", router(name), "2.default") for name in ("1", "3", HUB))
    assert found[0].ways == ("1 -> 2 (fateflow)", "1 -> 2 (default)")


def test_one_exchange_without_a_party_says_whom_it_hits() -> None:
    documents = star()
    del documents[HUB]["route_table"]["3"]
    (flaw,) = flaws(network(documents, exchange=HUB))
    assert "1 -> 3 (default)" in flaw.ways
    assert "2 -> 3 (fateflow)" in flaw.ways


@pytest.mark.parametrize(
    ("peer", "ours", "found"),
    [
        ("8.8.8.8", "10.0.0.1", True),
        ("8.8.8.8", "9.9.9.9", False),
        ("10.7.0.1", "10.0.0.1", False),
        ("fate.partner.example", "10.0.0.1", False),
    ],
)
def test_a_peer_on_the_internet_does_not_come_back_to_a_private_address(peer: str, ours: str, *, found: bool) -> None:
    there = network({"1": mesh()["1"]})
    moved = {f"peer:{PEER}": peer, router("1"): ours}
    changed = tuple(
        replace(place, endpoint=Endpoint(moved.get(place.service, place.endpoint.host), place.endpoint.port))
        for place in there.places
    )
    codes = [(flaw.code, flaw.entry) for flaw in flaws(replace(there, places=changed))]
    assert (("ROUTE_ONE_WAY", "1.default") in codes) is found


def test_what_a_deploy_writes_is_put_right_in_the_inventory() -> None:
    there = network(mesh())
    ours = tuple(replace(table, source="") for table in there.tables)
    gone = tuple(place for place in there.places if place.service != router("2"))
    found = flaws(replace(there, tables=ours, places=gone))
    assert {str(remedy) for flaw in found for remedy in flaw.remedy} == {
        "in the inventory: parties.2.public.proxy: the address where party 2 takes fateflow"
    }


@seed(SEED)
@settings(max_examples=2000 if LONG else 50, deadline=None, database=None)
@given(any_tables())
def test_whatever_the_tables_are_each_packet_that_is_lost_is_in_a_flaw(tables: dict[str, Document]) -> None:
    there = network(tables)
    named = {way for flaw in flaws(there) for way in flaw.ways}
    lost = {
        f"{source} -> {party} ({role})"
        for source in there.parties
        for party in there.known
        for role in (FLOW, DEFAULT)
        if not all(way.arrives for way in explain(there, source, party, role))
    }
    assert lost <= named
    assert {way for way in named if not way.startswith(HUB)} <= lost


def test_the_page_has_each_code_with_its_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "routes.md").read_text()
    assert dict(re.findall(r"^\| `(ROUTE_\w+)` \| (.*) \|$", page, re.MULTILINE)) == dict(FLAWS)
