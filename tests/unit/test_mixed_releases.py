"""Parties of two releases in one inventory, on the same nodes: no route between those that run no jobs together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from component_world import desired, report
from typer.testing import CliRunner

from fatecloud import catalogue
from fatecloud.checks.way_plan import paths_between
from fatecloud.cli.verbs import app
from fatecloud.components.declared import component_checks
from fatecloud.components.registry import by_kind
from fatecloud.errors import InventoryError, NoMatch, UsageError
from fatecloud.inventory import load
from fatecloud.inventory.show import show
from fatecloud.model.desired import Desired
from fatecloud.model.routes import FLOW
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.network import network_of
from fatecloud.resolve.routes import routes
from fatecloud.resolve.ways import explain
from fatecloud.shipped import folder
from fatecloud.workflow.prove import Round, prove, rounds

APART = "../unit/fixtures/two-releases"
"""Each on a node of its own, with the ports that the answers in `fixtures/components` have."""
EXAMPLE = folder("inventories") / "eggroll-two-releases.yml"
WHY = "FATE 2.2.0 and FATE 1.11.4 cannot run a job together: flow 1 "


def resolved(file: Path) -> Desired:
    cluster = load(file)
    return resolve(cluster, catalogue.releases_of(cluster))


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The example with other texts in it."""
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path / "inventory.yml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def wanted() -> Desired:
    return resolved(EXAMPLE)


def test_each_party_has_the_services_of_its_own_release(wanted: Desired) -> None:
    kinds = {
        owner: sorted({s.kind for s in wanted.services.values() if s.id.owner == owner}) for owner in ("9999", "19999")
    }
    common = ["mysql"]
    assert kinds["9999"] == ["clustermanager/v2", "flow/v1", *common, "nodemanager/v2", "rollsite/v2"]
    assert kinds["19999"] == ["clustermanager/v3", "flow/v2", *common, "nodemanager/v3", "osx"]
    assert wanted.services["19999/flow@n1"].version == "2.2.0"


def test_nothing_of_two_parties_on_one_node_is_the_same(wanted: Desired) -> None:
    services = list(wanted.services.values())
    for node in wanted.cluster.nodes:
        here = [service for service in services if service.id.node == node]
        assert len({service.id.owner for service in here}) == 2
        for found in (
            [port.number for service in here for port in service.ports],
            [service.home for service in here],
            [service.data for service in here],
            [service.user for service in here],
            [service.id.unit for service in here],
            [path for service in here for path in service.directories],
            [spec.path for service in here for spec in service.specs],
        ):
            assert not [value for value, count in Counter(found).items() if count > 1]


def test_a_party_knows_those_alone_that_it_can_run_jobs_with(wanted: Desired) -> None:
    tables = {table.router: {entry.party for entry in table.entries} for table in network_of(wanted).tables}
    assert tables == {"9999/rollsite@n1": {"9999", "10000"}, "19999/osx@n1": {"19999", "20000"}}
    ends = {(e.source, e.target) for s in wanted.services.values() for e in s.edges if e.target.startswith("peer:")}
    assert ends == {("9999/rollsite@n1", "peer:10000"), ("19999/osx@n1", "peer:20000")}
    across = [
        e
        for s in wanted.services.values()
        for e in s.edges
        if e.target.partition("/")[0] in {"9999", "19999"} - {s.id.owner}
    ]
    assert across == []


def test_a_missing_route_between_them_is_not_a_flaw_and_explained(wanted: Desired) -> None:
    network = network_of(wanted)
    assert flaws(network) == ()
    (way,) = explain(network, "9999", "20000", FLOW)
    assert way.end == "no route"
    assert f"no entry for party 20000 on purpose: {WHY}" in way.why
    with pytest.raises(NoMatch, match="no route between parties 9999 and 19999: FATE 2"):
        paths_between(wanted, "9999", "19999")
    assert {(path.source, path.party) for path in paths_between(wanted, None, None)} == {
        ("9999", "10000"),
        ("10000", "9999"),
        ("19999", "20000"),
        ("20000", "19999"),
    }


def test_firewalls_are_asked_for_ways_between_partners_alone(wanted: Desired) -> None:
    across = {(one.source, one.target, one.port) for one in routes(wanted) if one.way in ("in", "out")}
    assert across == {
        ("party 10000", "n1", 9370),
        ("party 20000", "n1", 9371),
        ("n1", "party 10000", 9370),
        ("n1", "party 20000", 9371),
    }


def test_a_peer_of_which_no_version_is_known_is_everyones_partner(tmp_path: Path) -> None:
    cluster = load(changed(tmp_path, (", fate: 1.11.4}", "}")))
    assert (cluster.others("9999"), cluster.others("19999")) == (("10000",), ("10000", "20000"))


def test_smoke_tests_are_between_parties_that_can_run_them(wanted: Desired, tmp_path: Path) -> None:
    assert rounds(wanted, ("9999", "19999"), None) == (
        Round("egg", "9999", "9999"),
        Round("egg", "19999", "19999"),
        Round("toy", "9999", "9999"),
        Round("toy", "19999", "19999"),
    )
    assert rounds(wanted, ("9999", "19999"), "lr")[2:] == (Round("lr", "9999", "9999"), Round("lr", "19999", "19999"))
    alike = resolved(
        changed(
            tmp_path,
            ("    release: fate-2.2.0\n", "    release: fate-1.9.2\n"),
            ("osx: n1", "rollsite: n1"),
            ("osx: {ports", "rollsite: {ports"),
        )
    )
    assert rounds(alike, ("9999", "19999"), None)[1:] == (Round("toy", "9999", "19999"),)


def test_a_test_between_two_that_cannot_is_refused_before_any_job(wanted: Desired) -> None:
    session: Any = SimpleNamespace(desired=wanted, resolved=wanted, cluster=wanted.cluster)
    with pytest.raises(UsageError, match=f"parties 9999 and 19999: {WHY}") as caught:
        prove(session, "toy", "9999", "19999", lambda _: None)
    assert caught.value.remedy == "--from 9999 works with 10000"
    with pytest.raises(UsageError, match="parties 19999 and 10000: "):
        prove(session, "toy", "19999", "10000", lambda _: None)


def test_validation_says_which_parties_are_apart() -> None:
    done = CliRunner().invoke(app, ["inventory", "validate", "-i", str(EXAMPLE)])
    assert done.exit_code == 0
    assert f"note: {WHY}" in done.output
    assert "there are no routes between parties 9999, 10000 and parties 19999, 20000" in done.output
    assert CliRunner().invoke(app, ["inventory", "validate", "-i", str(EXAMPLE), "-o", "json"]).exit_code == 0


def test_what_is_shown_loads_to_the_same_releases(tmp_path: Path) -> None:
    cluster = load(EXAMPLE)
    file = tmp_path / "shown.yml"
    for full in (True, False):
        file.write_text(show(cluster, full=full))
        again = load(file)
        assert {name: party.release for name, party in again.parties.items()} == {
            "9999": "fate-1.11.4",
            "19999": "fate-2.2.0",
        }
        assert (again.peers, again.compatibility) == (cluster.peers, cluster.compatibility)


def test_where_each_party_names_its_release_none_is_needed_at_the_top(tmp_path: Path) -> None:
    own = changed(
        tmp_path,
        ('  "9999":\n', '  "9999":\n    release: fate-1.11.4\n'),
        ("id: eeeeee0000000013\nrelease: fate-1.11.4\n", "id: eeeeee0000000013\n"),
    )
    assert load(own).releases == ("fate-1.11.4", "fate-2.2.0")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("    release: fate-2.2.0\n", "    release: fate-2.2.1\n", "unknown release 'fate-2.2.1'"),
        (
            "    release: fate-2.2.0\n",
            "    release: serving-2.1.7\n",
            "the release serving-2.1.7 has no architecture eggroll",
        ),
        ("rollsite: n1, ", "osx: n1, ", "the release fate-1.11.4 has no osx"),
        ("fate: 2.2.0}", "fate: 2.2}", "fate is '2.2', expected a version of FATE: 1.11.4 in quotes: \"2.2\""),
        ("fate: 2.2.0}", "fate: new}", "fate is 'new', expected a version of FATE: 1.11.4"),
        ("      osx: {ports: {grpc: 9371}}\n", "", "9370"),
    ],
    ids=["unknown", "another architecture", "another router", "a number", "no version", "one port"],
)
def test_what_is_wrong_is_named_where_it_is(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(InventoryError) as caught:
        load(changed(tmp_path, (old, new)))
    assert problem in caught.value.message


def test_settings_are_judged_among_parties_of_one_generation(tmp_path: Path) -> None:
    """Flow 1.11 has no signatures, and a peer of 1.11 issues no app to a party of 2.2."""
    apps = 'fate: 2.2.0, apps: {"19999": {id: one, token: {secret: of.20000}}}}'
    config = "      flow: {ports: {http: 9381, grpc: 9361}, authentication: {site: true}}\n"
    file = changed(tmp_path, ("fate: 2.2.0}", apps), ("      flow: {ports: {http: 9381, grpc: 9361}}\n", config))
    desired = resolved(file)
    secrets = {name for service in desired.services.values() for name in service.secrets}
    assert {name for name in secrets if ".flow.site." in name} == {"19999.flow.site.20000"}


def test_a_check_of_both_finds_nothing_and_judges_all() -> None:
    found = report(example=APART)
    assert (found.findings, found.skipped, found.exit_status) == ((), (), 0)
    kinds = {service.kind for service in desired(APART).services.values()}
    assert {"flow/v1", "flow/v2", "rollsite/v2", "osx"} <= kinds
    assert found.passed == sum(
        service.kind in spec.kinds and not spec.probe
        for service in desired(APART).services.values()
        for spec in component_checks()
    )


def test_each_generation_of_flow_has_the_test_that_a_deploy_ends_with() -> None:
    assert all(any(one.name == "toy" for one in by_kind()[kind].proofs) for kind in ("flow/v1", "flow/v2"))
