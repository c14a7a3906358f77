"""What the findings of ZooKeeper and of Redis say, and how much memory Redis may use."""

from __future__ import annotations

from typing import Any

import pytest
from component_world import findings, set_answer
from serving_world import LEADER, REDIS

DOWN = {"ok": False, "kind": "refused", "error": "connection refused"}


def test_a_lost_quorum_names_the_members_that_are_not_reached() -> None:
    lost = set_answer(f"{LEADER}:zookeeper.state", ok=False, kind="no_quorum", error="it is in no quorum")
    alone = set_answer(f"{LEADER}:zookeeper.members", ok=False, peers={"n2": DOWN, "n3": DOWN})
    (found,) = findings(lost, alone, example="serving")
    assert found.remedy == ("fatecloud start serving/zookeeper@n2", "fatecloud start serving/zookeeper@n3")
    assert found.expected == "2 of 3 members that reach each other"


@pytest.mark.parametrize("answer", [{"used_memory": "268435456"}, {"used_memory": "1", "maxmemory": "0"}])
def test_memory_that_redis_can_free_raises_nothing(answer: dict[str, Any]) -> None:
    assert findings(set_answer(f"{REDIS}:redis.login", **answer), example="serving") == []
