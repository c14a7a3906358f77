"""What the findings of ZooKeeper and of Redis say, and how much memory Redis may use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from component_world import findings, set_answer
from serving_world import LEADER, REDIS, desired

from fatecloud.components.redis import exposures as of_redis
from fatecloud.components.zookeeper import exposures as of_zookeeper
from fatecloud.model.check import ServiceView
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.remedy import Run

DOWN = {"ok": False, "kind": "refused", "error": "connection refused"}


def test_a_lost_quorum_names_the_members_that_are_not_reached() -> None:
    lost = set_answer(f"{LEADER}:zookeeper.state", ok=False, kind="no_quorum", error="it is in no quorum")
    alone = set_answer(f"{LEADER}:zookeeper.members", ok=False, peers={"n2": DOWN, "n3": DOWN})
    (found,) = findings(lost, alone, example="serving")
    assert found.remedy == (Run("fatecloud start serving/zookeeper@n2"), Run("fatecloud start serving/zookeeper@n3"))
    assert found.expected == "2 of 3 members that reach each other"


@pytest.mark.parametrize("answer", [{"used_memory": "268435456"}, {"used_memory": "1", "maxmemory": "0"}])
def test_memory_that_redis_can_free_raises_nothing(answer: dict[str, Any]) -> None:
    assert findings(set_answer(f"{REDIS}:redis.login", **answer), example="serving") == []


@pytest.mark.parametrize(
    ("key", "bind", "codes"),
    [
        (LEADER, "192.0.2.11", ["EXPOSURE_ZOOKEEPER_PLAINTEXT"]),
        (LEADER, "127.0.0.1", []),
        (REDIS, "192.0.2.13", ["EXPOSURE_REDIS_PLAINTEXT"]),
        (REDIS, "127.0.0.1", []),
    ],
)
def test_what_other_nodes_can_reach_is_an_exposure(key: str, bind: str, codes: list[str]) -> None:
    service = desired().services[key]
    service = replace(service, ports=tuple(replace(port, bind=bind) for port in service.ports))
    facts = NodeFacts("n1", {}, {}, 0.1)
    view = ServiceView(desired(), Observed({"n1": facts}, 0.0), facts, service)
    found = list((of_redis if key == REDIS else of_zookeeper).exposures.function(view))
    assert [one.code for one in found] == codes
    assert all(one.severity == "exposure" and all(map(str, one.remedy)) for one in found)


def test_a_member_without_a_packet_filter_believes_anyone() -> None:
    service = replace(desired().services[LEADER], filter=None)
    facts = NodeFacts("n1", {}, {}, 0.1)
    found = list(of_zookeeper.exposures.function(ServiceView(desired(), Observed({"n1": facts}, 0.0), facts, service)))
    assert [one.code for one in found] == ["EXPOSURE_ZOOKEEPER_PLAINTEXT", "EXPOSURE_ZOOKEEPER_MEMBERS"]
    assert all("let only" in str(one.remedy[0]) for one in found)
