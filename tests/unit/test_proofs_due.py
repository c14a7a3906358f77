"""Which owners' smoke test is due, and between whom it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from group_world import GROUP, NODES, PARTIES, planted, resolved
from small_cluster import PYTHON

from fatecloud import catalogue
from fatecloud.errors import UsageError
from fatecloud.inventory import load
from fatecloud.model.desired import Desired
from fatecloud.model.owner import givers_of, needing
from fatecloud.model.plan import Action, Plan, Stage
from fatecloud.plan.proofs import owners_digest, provable, unproven
from fatecloud.resolve.desired import resolve
from fatecloud.workflow.prove import Round, chosen_proof, rounds
from fatecloud.workflow.refusals import owners_hit

SHARING = PARTIES.replace("flow: f1}", "flow: f1, mysql: {group: shared}}")
SHARED = GROUP + "  shared: {release: fate-2.2.0, services: {mysql: n2}}\n"


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desired]:
    """Party 9999 uses the database of a group, party 10000 does not; a further group is used by no one."""
    with planted(tmp_path / "planted", monkeypatch):
        # With what its store has: without it, a controller takes every record for one of this state.
        yield replace(resolved(tmp_path, NODES + SHARING + SHARED), pythons={("fate-2.2.0", "fate"): PYTHON})


def stages(*services: str, node: str = "f1") -> tuple[Stage, ...]:
    return (Stage("stage 1", tuple(Action("restart", node, service, "it is old") for service in services)),)


def recorded(wanted: Desired, **digests: str) -> list[dict[str, Any]]:
    """The manifest of a node after every owner has been proven."""
    proofs = {owner: {"digest": owners_digest(wanted, owner)} for owner in provable(wanted)}
    return [{"proofs": proofs | {owner: {"digest": digest} for owner, digest in digests.items()}}]


def test_only_owners_that_offer_one_need_a_smoke_test(wanted: Desired) -> None:
    assert provable(wanted) == ("9999", "10000")
    assert unproven(wanted, (), [{}]) == ("9999", "10000")
    assert unproven(wanted, (), recorded(wanted)) == ()


@pytest.mark.parametrize(
    ("service", "due"),
    [
        ("9999/flow@f1", ("9999",)),
        ("10000/nginx@f2", ("10000",)),
        ("shared/mysql@n2", ("9999",)),
        ("serving/keeper@n1", ()),
        ("gone/keeper@n1", ()),
    ],
)
def test_what_changes_makes_the_test_of_those_due_that_need_it(
    wanted: Desired, service: str, due: tuple[str, ...]
) -> None:
    assert unproven(wanted, stages(service), recorded(wanted)) == due


def test_a_change_of_a_node_is_one_of_those_with_services_there(wanted: Desired) -> None:
    known = recorded(wanted)
    assert unproven(wanted, stages("node", node="f2"), known) == ("10000",)
    assert unproven(wanted, stages("node", node="n2"), known) == ("9999",)
    assert unproven(wanted, stages("node", node="n3"), known) == ()


def test_a_record_counts_for_the_state_that_it_was_made_for(wanted: Desired) -> None:
    assert unproven(wanted, (), recorded(wanted, **{"9999": "of before"})) == ("9999",)
    newer = {key: replace(s, version="3") if key == "shared/mysql@n2" else s for key, s in wanted.services.items()}
    assert unproven(replace(wanted, services=newer), (), recorded(wanted)) == ("9999",)


def test_two_parties_prove_each_other_and_a_third_takes_any_other(wanted: Desired) -> None:
    assert rounds(wanted, ("9999", "10000"), None) == (Round("toy", "9999", "10000"),)
    assert rounds(wanted, ("10000",), "lr") == (Round("lr", "10000", "9999"),)
    assert rounds(wanted, (), None) == ()


def test_what_jobs_need_is_tested_before_them(tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "eggroll.yml"
    cluster = load(golden)
    wanted = resolve(cluster, catalogue.releases_of(cluster))
    assert rounds(wanted, ("9999", "10000"), None) == (Round("egg", "9999", "10000"), Round("toy", "9999", "10000"))
    assert rounds(wanted, ("10000",), "lr") == (Round("egg", "10000", "9999"), Round("lr", "10000", "9999"))
    assert chosen_proof(wanted, None)[0].name == "toy"
    assert chosen_proof(wanted, "egg")[1] == "clustermanager"


def test_three_parties_need_two_rounds_and_one_alone_proves_itself(tmp_path: Path) -> None:
    third = NODES + PARTIES + '  "7": {services: {flow: n1}}\n'
    wanted = resolved(tmp_path, third)
    assert rounds(wanted, ("9999", "10000", "7"), None) == (Round("toy", "7", "9999"), Round("toy", "10000", "7"))
    alone = NODES + "\n".join(line for line in PARTIES.splitlines() if "10000" not in line) + "\n"
    assert rounds(resolved(tmp_path, alone), ("9999",), None) == (Round("toy", "9999", "9999"),)


def test_a_cluster_of_groups_may_offer_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with planted(tmp_path / "planted", monkeypatch):
        wanted = resolved(tmp_path, NODES + GROUP)
    assert (provable(wanted), rounds(wanted, ("serving",), None)) == ((), ())
    with pytest.raises(UsageError, match="no component of this cluster offers one"):
        chosen_proof(wanted, None)


def test_who_needs_a_group_is_interrupted_with_it(wanted: Desired) -> None:
    owners = wanted.cluster.owners
    assert needing(owners, "shared", "mysql") == {"shared", "9999"}
    assert needing(owners, "9999", "flow") == {"9999"}
    assert needing(owners, "gone", "mysql") == {"gone"}
    assert [one.id for one in givers_of(owners, owners["9999"])] == ["9999", "shared"]
    assert owners_hit(Plan("demo", stages("shared/mysql@n2"), (), ()), wanted) == {"shared", "9999"}
    assert owners_hit(Plan("demo", stages("gone/x@n2", "10000/flow@f2"), (), ()), wanted) == {"gone", "10000"}


def test_groups_that_use_each_other_end_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "groups:\n"
        "  one: {release: serving-9.9.9, services: {keeper: n1, cache: {group: two}, reader: n1}}\n"
        "  two: {release: serving-9.9.9, services: {cache: n2, keeper: {group: one}, reader: n2}}\n"
        "  three: {release: serving-9.9.9, services: {reader: n3, keeper: {group: one}, cache: {group: two}}}\n"
    )
    with planted(tmp_path / "planted", monkeypatch):
        owners = resolved(tmp_path, NODES + text).cluster.owners
    assert {one.id for one in givers_of(owners, owners["three"])} == {"one", "two", "three"}
    assert needing(owners, "one", "keeper") == {"one", "two", "three"}
    assert needing(owners, "one", "reader") == {"one"}
