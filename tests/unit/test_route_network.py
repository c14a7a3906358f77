"""From an inventory to the network of its routers, with a made-up router that a group may have, as an exchange."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import group_world
import pytest
from component_world import desired
from group_world import planted, resolved

from fatecloud.model.endpoint import Endpoint
from fatecloud.model.network import Network
from fatecloud.model.routes import DEFAULT, FLOW, Target
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.network import network_of
from fatecloud.resolve.ways import explain

ROUTER = """
from fatecloud.components.route_tables import table_of
from fatecloud.model.routes import FLOW
from dataclasses import replace

def want(ctx):
    flows = ctx.endpoints("flow", "http") if ctx.owner.kind == "party" else ()
    own = {ctx.owner.id: {FLOW: flows[0]}} if flows else {}
    table = table_of(ctx, "relay", own, exchange=ctx.config["exchange"] or "", keeps=True, ports=("grpc",))
    return replace(wanted(ctx), routes=(table,))

COMPONENT = Component(
    name="keeper", summary="A router", architectures=(), groups=True, want=want,
    config=(ConfigKey("exchange", "str", None, "Group."),),
    ports=(PortSpec("grpc", 9370, "Packets.", public="relay", clients=("*",)),),
)
"""
NODES = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000009
nodes:
  n1: {address: 10.0.0.1, advertise: 10.1.0.1}
  n2: {address: 10.0.0.2}
  n3: {address: 10.0.0.3}
groups:
"""
HUB = "  hub: {release: serving-9.9.9, services: {keeper: n3}}\n"
OTHER = "  other: {release: serving-9.9.9, services: {keeper: n1}, config: {keeper: {exchange: hub}}}\n"


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(group_world, "KEEPER", ROUTER)
    with planted(tmp_path / "planted", monkeypatch):
        yield


@pytest.fixture
def star(tmp_path: Path, made_up: None) -> Network:
    del made_up
    return network_of(resolved(tmp_path, NODES + HUB + OTHER))


def test_a_group_has_a_router_without_a_party(star: Network) -> None:
    hub, other = star.tables
    assert (hub.own, hub.exchange, star.served[hub.router]) == ((), "", ())
    assert (other.own, other.exchange) == ((), "hub")


def test_a_star_sends_everything_to_the_public_address_of_its_exchange(star: Network) -> None:
    hub, other = star.tables
    assert [(entry.name, str(entry.targets[0])) for entry in other.entries] == [("default.default", "10.0.0.3:9370")]
    assert star.behind(star.at(other.entries[0].targets[0], other)[0]) is hub


def test_a_node_has_several_addresses_and_a_loopback_of_its_own(star: Network) -> None:
    hub, other = star.tables

    def there(host: str, source: str) -> list[str]:
        table = hub if source == "hub" else other
        return [place.service for place in star.at(Target(Endpoint(host, 9370)), table)]

    assert there("10.0.0.1", "hub") == there("10.1.0.1", "hub") == ["other/keeper@n1"]
    assert (there("127.0.0.1", "hub"), there("127.0.0.1", "other")) == (["hub/keeper@n3"], ["other/keeper@n1"])
    assert there("10.0.0.2", "hub") == []


@pytest.mark.parametrize("example", ["two-party", "multi-node", "external-database"])
def test_the_examples_have_no_flaw_and_reach_every_party(example: str) -> None:
    network = network_of(desired(example))
    assert flaws(network) == ()
    ways = [
        way
        for source in network.parties
        for party in network.known
        for role in (FLOW, DEFAULT)
        for way in explain(network, source, party, role)
    ]
    assert ways
    assert all(way.arrives for way in ways)


def test_a_port_on_loopback_is_not_reached_from_other_nodes() -> None:
    network = network_of(desired("two-party"))
    outbound = [str(p.endpoint) for p in network.places if (p.service, p.port) == ("9999/nginx@a1", "outbound")]
    assert sorted(outbound) == ["127.0.0.1:9301", "[::1]:9301", "localhost:9301"]
