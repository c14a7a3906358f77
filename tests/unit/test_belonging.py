"""Which cluster a machine belongs to: the cases of docs/how-to/identity.md that reading one node decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from check_world import healthy_documents, observed, the_desired
from preflight_world import CLUSTER_ID, a_node

from fatecloud.errors import Refused
from fatecloud.model.belonging import neighbour, stranger
from fatecloud.model.desired import Desired
from fatecloud.model.layout import LAYOUT
from fatecloud.plan.belonging import refuse_strangers

OURS = {"cluster": "demo", "id": CLUSTER_ID, "node": "a1", "layout": LAYOUT}
OTHER_ID = "d3f9a2b1d4e5f607"


@pytest.mark.parametrize("record", [{}, OURS, {"layout": LAYOUT}, {k: OURS[k] for k in ("cluster", "id", "layout")}])
def test_a_node_without_a_record_or_with_its_own_is_itself(record: dict[str, Any]) -> None:
    assert stranger(the_desired().cluster, "a1", record) is None


STRANGERS = {
    "another cluster of that name": (
        {"id": OTHER_ID},
        f"/data/fate belongs to cluster demo (id {OTHER_ID})",
        "set another `paths.base` for node a1, or use the inventory of that cluster",
    ),
    "the cluster renamed": (
        {"cluster": "bank"},
        "this cluster was deployed in /data/fate under the name bank",
        "put the name back into the inventory (cluster: bank): units and directories are named after it",
    ),
    "two names for one machine": (
        {"node": "a2"},
        "the machine is node a2, which the inventory has too",
        "correct the address of a1 or of a2; if both are one machine, keep one of the names",
    ),
    "another layout": (
        {"layout": 3},
        "another version of fatecloud has deployed here (its layout of a node is 3, this one's 2)",
        "run destroy --purge with the version that deployed it, or set another `paths.base`",
    ),
    "the node renamed": (
        {"node": "old"},
        "the machine was deployed as node old, which the inventory does not have",
        "rename the node back to old: a deploy does not rename nodes",
    ),
}


@pytest.mark.parametrize(("change", "what", "remedy"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_record_of_others_makes_a_stranger(change: dict[str, Any], what: str, remedy: str) -> None:
    found = stranger(the_desired().cluster, "a1", OURS | change)
    assert found
    assert (found.what, found.remedy) == (what, remedy)


def test_a_record_without_a_layout_is_an_older_versions() -> None:
    found = stranger(the_desired().cluster, "a1", {key: OURS[key] for key in ("cluster", "id", "node")})
    assert found
    assert (found.kind, found.got) == ("layout", "layout 1")


def test_what_a_node_says_is_made_fit_for_a_terminal() -> None:
    found = stranger(the_desired().cluster, "a1", {"id": "\x1b]0;x\x07" + "d" * 999, "cluster": ["\n"]})
    assert found
    assert found.what.isprintable()
    assert len(found.what) < 400
    strange = neighbour(the_desired().cluster, "a1", [entry("not/absolute"), entry("/data/fate/\x1b[2J")])
    assert strange
    assert strange.what.isprintable()


def entry(base: str, **changes: Any) -> dict[str, Any]:
    return {"cluster": "bank", "id": OTHER_ID, "node": "n", "base": base, "there": True} | changes


NEIGHBOURS = {
    "apart": (entry("/data/other"), ""),
    "apart, and of the same name": (entry("/data/other", cluster="demo"), ""),
    "a base that only begins alike": (entry("/data/fate2"), ""),
    "our own": (entry("/data/fate", **OURS), ""),
    "our own in another base, long gone": (entry("/data/old", **OURS, there=False), ""),
    "our own in another base": (entry("/data/old", **OURS), "elsewhere"),
    "around ours": (entry("/data"), "inside"),
    "within ours": (entry("/data/fate/x"), "inside"),
    "of our names": (entry("/data/other", cluster="demo", id=CLUSTER_ID[:6] + "0" * 10), "alike"),
}


@pytest.mark.parametrize(("registered", "kind"), NEIGHBOURS.values(), ids=NEIGHBOURS.keys())
def test_the_register_leaves_room_or_not(registered: dict[str, Any], kind: str) -> None:
    found = neighbour(the_desired().cluster, "a1", [registered])
    assert (found.kind if found else "") == kind


def desired_with_a_second_name() -> Desired:
    desired = the_desired()
    nodes = {**desired.cluster.nodes, "again": replace(a_node("a1"), name="again")}
    return replace(desired, cluster=replace(desired.cluster, nodes=nodes))


def test_two_names_for_one_fresh_machine_are_refused_together() -> None:
    documents = healthy_documents()
    documents["again"] = documents["a1"]
    for document in documents.values():
        document["manifest"] = None
    desired = desired_with_a_second_name()
    with pytest.raises(Refused, match=r"^a1 and again are the same machine$"):
        refuse_strangers(desired.cluster, observed(documents), desired.cluster.nodes)


def test_every_node_that_is_not_the_inventorys_is_named() -> None:
    documents = healthy_documents()
    for name in ("a1", "a2"):
        documents[name]["manifest"] |= {**OURS, "id": OTHER_ID}
    with pytest.raises(Refused) as refusal:
        refuse_strangers(the_desired().cluster, observed(documents), ("a1", "a2"))
    assert [line[:3] for line in refusal.value.message.splitlines()] == ["a1:", "a2:"]
