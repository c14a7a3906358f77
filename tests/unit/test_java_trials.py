"""Which JVMs are tried before a deploy, and what is known when a node does not answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from check_world import FRONT, healthy_documents, observed, the_desired
from preflight_world import JAVA

from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.java import FoundJava
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.workflow import java_trials
from fatecloud.workflow.java_trials import with_trials

SCRIPT = "/data/fate/demo-c3f9a2-9999-front/bin/start"


class World:
    """A session whose second look at the nodes is answered from a table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desired = the_desired()
        self.asked: list[dict[str, Any]] = []
        self.answer: NodeFacts | Unreachable = NodeFacts(
            "a1", {"java_starts": Fact({FRONT: {"exit": 1, "said": "no"}})}, {}, 0.1
        )
        self.seen: Observed | None = None
        monkeypatch.setattr(java_trials, "observe", self._observe)

    def _observe(self, _session: object, **more: Any) -> Observed:
        self.asked.append(more)
        return Observed({"a1": self.answer}, 0.0)

    def judged(self, documents: dict[str, Any] | None = None) -> Observed:
        return with_trials(self, observed(documents or healthy_documents()), 20.0)  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def with_script(desired: Desired, digest: str) -> Desired:
    script = DesiredFile(SCRIPT, "x", 0o750, "root", FRONT, restarts=True, digest=digest)
    return replace(desired, files={**desired.files, "a1": (*desired.files["a1"], script)})


def test_a_jvm_that_is_there_is_started_as_its_user_with_the_command_of_the_service(world: World) -> None:
    found = world.judged()
    (asked,) = world.asked
    assert asked["extra"] == {
        "a1": {"java_starts": {FRONT: {"argv": [JAVA.program, "-Xmx512m", "-version"], "user": "app"}}}
    }
    assert asked["want"] == ("java_starts",)
    facts = found.reached("a1")
    assert facts
    assert facts.fact("java_starts").value[FRONT]["exit"] == 1
    assert facts.fact("services").ok
    assert world.seen is found


def test_what_runs_with_this_start_script_is_not_tried_again(world: World) -> None:
    documents = healthy_documents()
    documents["a1"]["files"][SCRIPT] = {"sha256": "7" * 64, "mode": "0750", "owner": "root"}
    world.desired = with_script(world.desired, "7" * 64)
    world.judged(documents)
    assert not world.asked
    documents["a1"]["services"][FRONT]["state"] = "stopped"
    world.judged(documents)
    world.desired = with_script(the_desired(), "8" * 64)
    documents["a1"]["services"][FRONT]["state"] = "running"
    world.judged(documents)
    assert len(world.asked) == 2


def test_a_jvm_that_the_deploy_brings_is_not_looked_for(world: World) -> None:
    other = FoundJava(("/opt/jdk-8",), 8, "1.8.0_345", "OpenJDK 64-Bit Server VM")
    node = world.desired.node("a1")
    nodes = {**world.desired.cluster.nodes, "a1": replace(node, read=replace(node.read, javas=(other,)))}
    world.desired = replace(world.desired, cluster=replace(world.desired.cluster, nodes=nodes))
    world.judged()
    assert not world.asked


def test_a_node_that_does_not_answer_a_second_time_leaves_it_unknown(world: World) -> None:
    world.answer = Unreachable("a1", "NODE_TIMEOUT", "no answer within 20 s")
    facts = world.judged().reached("a1")
    assert facts
    assert facts.fact("java_starts").error == "no answer within 20 s"
    assert facts.fact("services").ok
