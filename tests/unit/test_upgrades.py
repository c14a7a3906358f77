"""Which release may take the place of which, and what is said where none may."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fatecloud import catalogue
from fatecloud.errors import Refused
from fatecloud.inventory import load
from fatecloud.model.desired import Desired
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.plan.upgrades import without_upgrade
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder
from fatecloud.workflow.upgrades import PAGE, refuse_upgrades

RELEASES = {name: catalogue.load(name).components for name in catalogue.names()}


def wanted(tmp_path: Path, release: str, example: str = "eggroll-rollsite") -> Desired:
    """What should be, by an example with another release of the parties."""
    text = (folder("inventories") / f"{example}.yml").read_text()
    lines = [f"release: {release}" if line.startswith("release: ") else line for line in text.splitlines()]
    file = tmp_path / f"{release}.yml"
    file.write_text("\n".join(lines) + "\n")
    cluster = load(file)
    return resolve(cluster, catalogue.releases_of(cluster))


def manifests(deployed: Desired) -> dict[str, dict[str, Any]]:
    """The nodes' records after a deploy."""
    found: dict[str, dict[str, Any]] = {name: {"services": {}} for name in deployed.cluster.nodes}
    for key, service in deployed.services.items():
        found[service.id.node]["services"][key] = {"version": service.version}
    return found


def refused(tmp_path: Path, before: str, after: str, example: str = "eggroll-rollsite") -> tuple[str, ...]:
    records = manifests(wanted(tmp_path, before, example))
    return tuple(one.owner for one in without_upgrade(wanted(tmp_path, after, example), records, RELEASES))


@pytest.mark.parametrize("name", [name for name in catalogue.names() if name.startswith("fate-")])
def test_a_release_may_be_deployed_over_itself(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, name, name) == ()


@pytest.mark.parametrize(
    ("before", "after"), [("fate-1.11.4", "fate-2.2.0"), ("fate-1.11.4", "fate-2.1.0"), ("fate-2.2.0", "fate-1.11.4")]
)
def test_no_release_takes_the_place_of_one_of_another_generation(tmp_path: Path, before: str, after: str) -> None:
    assert refused(tmp_path, before, after) == ("9999", "10000")


@pytest.mark.parametrize(("before", "after"), [("fate-2.1.0", "fate-2.2.0"), ("fate-2.2.0", "fate-2.1.0")])
@pytest.mark.parametrize("example", ["eggroll", "two-party", "all-in-one"])
def test_releases_of_one_generation_do_where_the_catalogue_says_so(
    tmp_path: Path, before: str, after: str, example: str
) -> None:
    assert refused(tmp_path, before, after, example) == ()


@pytest.mark.parametrize("name", catalogue.names())
def test_a_release_replaces_releases_that_there_are(name: str) -> None:
    assert set(catalogue.load(name).replaces) <= set(catalogue.names()) - {name}


def test_a_version_that_no_release_has_is_judged_by_its_generation(tmp_path: Path) -> None:
    new = wanted(tmp_path, "fate-2.2.0")
    for version, owners in (("2.0.9", 0), ("1.11.9", 1)):
        records = {"a1": {"services": {"9999/flow@a1": {"version": version}}}}
        assert len(without_upgrade(new, records, RELEASES)) == owners


def test_a_party_that_is_new_or_gone_is_in_no_ones_way(tmp_path: Path) -> None:
    records = manifests(wanted(tmp_path, "fate-1.11.4"))
    renamed = {
        node: {"services": {f"1{key}": entry for key, entry in record["services"].items()}}
        for node, record in records.items()
    }
    assert without_upgrade(wanted(tmp_path, "fate-2.2.0"), renamed, RELEASES) == ()
    assert without_upgrade(wanted(tmp_path, "fate-2.2.0"), {"a1": {}}, RELEASES) == ()


def test_data_that_a_removed_service_left_are_held_back_until_new_ones_are_asked_for(tmp_path: Path) -> None:
    new = wanted(tmp_path, "fate-2.2.0")
    key = "9999/flow@a1"
    mark = {"version": "1.11.2", "path": new.services[key].data}
    left: dict[str, dict[str, Any]] = {"a1": {"services": {}, "data": {key: mark}}}
    (found,) = without_upgrade(new, left, RELEASES)
    assert (found.owner, found.services) == ("9999", (f"{key}: 1.11.2, and fate-2.2.0 has 2.2.0",))
    assert without_upgrade(new, left, RELEASES, {key}) == ()
    database = "9999/mysql@a1"
    left["a1"]["data"][database] = {"version": "distribution", "path": new.services[database].data}
    (found,) = without_upgrade(new, left, RELEASES, {key})
    assert found.services == (f"{database}: its data were left with these",)
    assert without_upgrade(new, left, RELEASES, {key, database}) == ()
    for other in ({"version": "2.1.0"}, {"path": "/elsewhere"}, {"version": ""}):
        assert without_upgrade(new, {"a1": {"data": {key: mark | other}}}, RELEASES) == ()


def test_an_upgraded_service_is_judged_by_its_record_and_not_by_the_mark_of_its_first_data(tmp_path: Path) -> None:
    new = wanted(tmp_path, "fate-2.2.0")
    records = manifests(new)
    records["a1"]["data"] = {"9999/flow@a1": {"version": "1.11.2", "path": new.services["9999/flow@a1"].data}}
    assert without_upgrade(new, records, RELEASES) == ()


def test_it_is_refused_by_name_with_what_would_be_lost_and_where_to_read_on(tmp_path: Path) -> None:
    new, records = wanted(tmp_path, "fate-2.2.0"), manifests(wanted(tmp_path, "fate-1.11.4"))
    facts = {name: NodeFacts(name, {"manifest": Fact(record)}, {}, 0.0) for name, record in records.items()}
    session: Any = SimpleNamespace(resolved=new, cluster=new.cluster)
    with pytest.raises(Refused) as caught:
        refuse_upgrades(session, Observed(dict(facts), 0.0))
    text = caught.value.message
    assert text.splitlines()[0] == "party 9999: there is no upgrade in place from fate-1.11.4 to fate-2.2.0"
    assert "  9999/flow@a1: 1.11.2, and fate-2.2.0 has 2.2.0" in text
    assert "  9999/rollsite@a1: 2.5.3, and fate-2.2.0 has no rollsite" in text
    assert "    9999/mysql@a1: the databases of other services" in text
    assert "    9999/flow@a1: uploaded tables, models and job outputs" in text
    assert "party 10000: " in text
    assert "release: fate-1.11.4" in caught.value.remedy
    assert PAGE in caught.value.remedy
    assert (Path(__file__).parents[2] / PAGE).is_file()


def test_nothing_is_refused_where_it_is_deployed_already(tmp_path: Path) -> None:
    new = wanted(tmp_path, "fate-2.2.0")
    facts = {name: NodeFacts(name, {"manifest": Fact(one)}, {}, 0.0) for name, one in manifests(new).items()}
    session: Any = SimpleNamespace(resolved=new, cluster=new.cluster)
    refuse_upgrades(session, Observed(dict(facts), 0.0))
