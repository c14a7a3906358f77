"""Which services end a job when they are started again."""

from component_world import NOW, desired

from fatecloud.checks.interruptions import starts_of
from fatecloud.model.observed import Fact, NodeFacts, Observed

EXAMPLE = "board"


def test_those_that_jobs_need_and_no_page_that_shows_them() -> None:
    wanted = desired(EXAMPLE)
    states = {key: {"state": "running", "since": NOW - 60} for key in wanted.services}
    states["9999/mysql@a1"] = {"state": "stopped", "since": NOW - 60}
    nodes = {
        node: NodeFacts(node, {"services": Fact({s.id.key: states[s.id.key] for s in wanted.on_node(node)})}, {}, 0.1)
        for node in wanted.cluster.nodes
    }
    flows = [key for key, service in wanted.services.items() if service.id.component == "flow"]
    found = starts_of(wanted, Observed(nodes, NOW, 0.1, {}), [*flows, "9999/flow@gone"])
    assert set(found) == {"9999", "10000"}
    there = {one.service for one in found["9999"]}
    assert "9999/flow@a1" in there
    assert not {"9999/board@a1", "9999/mysql@a1"} & there


def test_a_node_that_was_not_read_says_nothing() -> None:
    wanted = desired(EXAMPLE)
    assert starts_of(wanted, Observed({}, NOW, 0.1, {}), ["9999/flow@a1"]) == {}
