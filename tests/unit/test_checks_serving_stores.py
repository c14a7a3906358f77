"""Each fault of ZooKeeper and of Redis raises exactly its code, with a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from serving_world import FOLLOWER, LEADER, REDIS, findings

DOWN = {"ok": False, "kind": "refused", "error": "connection refused"}
LOST = {"ok": False, "kind": "no_quorum", "error": "it takes no requests: it is in no quorum"}
ALONE = {"ok": False, "peers": {"n2": DOWN, "n3": DOWN}}


@pytest.mark.parametrize("key", [LEADER, FOLLOWER, REDIS])
def test_a_healthy_service_raises_nothing(key: str) -> None:
    assert findings(key) == []


@pytest.mark.parametrize(
    ("code", "severity", "answers"),
    [
        ("ZOOKEEPER_NO_QUORUM", "critical", {"zookeeper_state": LOST, "zookeeper_members": ALONE}),
        ("ZOOKEEPER_UNUSABLE", "critical", {"zookeeper_state": {"ok": False, "kind": "foreign", "error": "not it"}}),
        (
            "ZOOKEEPER_MEMBER_MISSING",
            "warning",
            {
                "zookeeper_state": {"figures": {"zk_synced_followers": 1}},
                "zookeeper_members": {"ok": False, "peers": {"n2": {"ok": True}, "n3": DOWN}},
            },
        ),
        (
            "ZOOKEEPER_ACCOUNT_WRONG",
            "critical",
            {"zookeeper_access": {"ok": False, "kind": "password", "error": "/ is for digest:fate", "who": "x"}},
        ),
        (
            "ZOOKEEPER_OPEN",
            "warning",
            {"zookeeper_access": {"ok": False, "kind": "open", "error": "/ is for world:anyone", "who": "x"}},
        ),
    ],
)
def test_a_fault_of_a_member_raises_its_code(code: str, severity: str, answers: Mapping[str, Any]) -> None:
    (found,) = findings(LEADER, **answers)
    assert (found.code, found.severity) == (code, severity)
    assert all(found.remedy)


def test_a_lost_quorum_names_the_members_that_are_not_reached() -> None:
    (found,) = findings(LEADER, zookeeper_state=LOST, zookeeper_members=ALONE)
    assert found.remedy == ("fatecloud start serving/zookeeper@n2", "fatecloud start serving/zookeeper@n3")
    assert found.expected == "2 of 3 members that reach each other"


@pytest.mark.parametrize(
    ("code", "severity", "answer"),
    [
        ("REDIS_AOF_BROKEN", "critical", {**DOWN, "damage": {"file": "/d/appendonly.aof", "what": "not valid"}}),
        ("REDIS_PASSWORD_WRONG", "critical", {"ok": False, "kind": "password", "error": "WRONGPASS invalid"}),
        ("REDIS_UNUSABLE", "critical", {"ok": False, "kind": "loading", "error": "LOADING Redis is loading"}),
        ("REDIS_MEMORY_FULL", "critical", {"used_memory": "268435456", "expiring": 0}),
        ("REDIS_MEMORY_HIGH", "warning", {"used_memory": "250000000", "maxmemory_policy": "noeviction"}),
        ("REDIS_NOT_SAVED", "critical", {"aof_last_write_status": "err"}),
        ("REDIS_NOT_SAVED", "critical", {"aof_enabled": "0"}),
    ],
)
def test_a_fault_of_redis_raises_its_code(code: str, severity: str, answer: Mapping[str, Any]) -> None:
    (found,) = findings(REDIS, redis_login=answer)
    assert (found.code, found.severity) == (code, severity)
    assert all(found.remedy)


@pytest.mark.parametrize("answer", [{"used_memory": "268435456"}, {"used_memory": "1", "maxmemory": "0"}])
def test_memory_that_redis_can_free_raises_nothing(answer: Mapping[str, Any]) -> None:
    assert findings(REDIS, redis_login=answer) == []
