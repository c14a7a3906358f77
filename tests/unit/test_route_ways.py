"""The way of a packet, explained as OSX would send it: mesh, star and loop, and whatever tables there may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from route_world import (
    HUB,
    NAMES,
    PARTIES,
    PEER,
    ROLES,
    Document,
    any_tables,
    go,
    host,
    mesh,
    network,
    own,
    router,
    star,
    to,
)
from sampling import LONG, SEED

from fatecloud.errors import NoMatch
from fatecloud.model.network import Way
from fatecloud.model.routes import DEFAULT, FLOW
from fatecloud.resolve.ways import explain, ways_from


def routers(way: Way) -> list[str]:
    return [hop.router for hop in way.hops]


def steps(way: Way) -> list[tuple[Any, ...]]:
    return [(hop.router, hop.reason, hop.entry) for hop in way.hops]


def test_in_a_mesh_a_request_goes_to_the_other_router_and_from_there_to_its_flow() -> None:
    (way,) = explain(network(mesh()), "1", "2", FLOW)
    assert steps(way) == [(router("1"), "default role", "2.default"), (router("2"), "entry", "2.fateflow")]
    assert (way.end, way.at) == ("arrived", "2/flow@n2")


def test_data_stay_at_the_router_of_their_own_party() -> None:
    (way,) = explain(network(mesh()), "1", "2", DEFAULT)
    assert steps(way) == [(router("1"), "entry", "2.default"), (router("2"), "own party", "")]
    assert (way.end, way.at) == ("arrived", router("2"))


def test_in_a_star_all_goes_through_the_exchange() -> None:
    (way,) = explain(network(star()), "3", "1", FLOW)
    assert steps(way) == [
        (router("3"), "default party", "default.default"),
        (router(HUB), "default role", "1.default"),
        (router("1"), "entry", "1.fateflow"),
    ]
    assert (way.end, way.at) == ("arrived", "1/flow@n1")


def test_what_goes_to_a_peer_is_in_its_hands() -> None:
    (way,) = explain(network(star()), "1", PEER, FLOW)
    assert (routers(way), way.end, way.at) == ([router("1"), router(HUB)], "handed over", f"peer:{PEER}")


def test_a_party_that_no_one_knows_ends_at_the_exchange() -> None:
    (way,) = explain(network(star()), "1", "77", FLOW)
    assert (routers(way), way.end) == ([router("1"), router(HUB)], "no route")
    assert way.why == f"{router(HUB)} has no entry for party 77, and none for all other parties"


def test_a_loop_ends_where_it_begins_again() -> None:
    broken = star()
    broken["2"]["route_table"] = {DEFAULT: {DEFAULT: [to(HUB)]}}
    (way,) = explain(network(broken), "1", "2", FLOW)
    assert (routers(way), way.end, way.at) == ([router("1"), router(HUB), router("2")], "loop", router(HUB))


def test_a_party_that_points_to_itself_is_a_loop_of_one() -> None:
    broken = mesh()
    broken["1"]["route_table"]["2"] = {DEFAULT: [to("1")]}
    (way,) = explain(network(broken), "1", "2", DEFAULT)
    assert (routers(way), way.end) == ([router("1")], "loop")


def test_an_entry_hides_the_one_for_all_others_and_the_end_says_so() -> None:
    broken = star()
    broken["1"]["route_table"]["2"] = {FLOW: [to("2")]}
    (way,) = explain(network(broken), "1", "2", DEFAULT)
    assert way.end == "no route"
    assert "those for all other parties are not asked" in way.why


def test_several_targets_are_several_ways() -> None:
    two = mesh()
    two["1"]["route_table"]["2"] = {DEFAULT: [to("2"), to("3")]}
    ways = explain(network(two), "1", "2", FLOW)
    assert [(routers(way)[-1], way.end) for way in ways] == [(router("2"), "arrived"), (router("2"), "arrived")]
    assert [len(way.hops) for way in ways] == [2, 3]


def test_a_target_without_tls_does_not_reach_a_port_that_speaks_nothing_else() -> None:
    (way,) = explain(network(mesh(), tls=("2",)), "1", "2", FLOW)
    assert (way.end, way.at) == ("encryption", router("2"))
    encrypted = mesh()
    encrypted["1"]["route_table"]["2"] = {DEFAULT: [to("2", useSSL=True)]}
    assert explain(network(encrypted, tls=("2",)), "1", "2", FLOW)[0].end == "arrived"


def test_a_way_begins_at_a_party_of_the_inventory() -> None:
    with pytest.raises(NoMatch, match="party 9 is not managed here"):
        explain(network(mesh()), PEER, "1", FLOW)


@seed(SEED)
@settings(max_examples=5000 if LONG else 100, deadline=None, database=None)
@given(any_tables(), st.sampled_from([*PARTIES, PEER]), st.sampled_from(ROLES), st.sampled_from(NAMES), st.data())
def test_explain_agrees_with_what_osx_does(
    tables: dict[str, Document], party: str, role: str, start: str, data: st.DataObject
) -> None:
    """Whatever the tables are: for every state of the clock there is the way that OSX takes, with the same end."""
    clock = data.draw(st.integers(0, 1))
    there = network(tables)
    first = next(table for table in there.tables if table.router == router(start))
    ways = {(tuple(routers(way)), way.end) for way in ways_from(there, first, party, role)}
    path, end = go(tables, start, party, role, clock)
    met = tuple(dict.fromkeys(path)) if end == "loop" else tuple(path)
    assert (met, end) in ways


def test_the_simulation_goes_the_ways_of_a_healthy_star() -> None:
    """So that the comparison above cannot hold because both are wrong about everything."""
    assert go(star(), "1", "2", FLOW, 0) == ([router("1"), router(HUB), router("2")], "arrived")
    assert go(star(), "1", "2", "guest", 1) == ([router("1"), router(HUB), router("2")], "arrived")
    assert host(HUB) == "10.0.0.100"
    assert own("1") == {"1": {FLOW: [{"ip": "10.0.0.1", "port": 9360}]}}
