"""The golden group: three of an ensemble, and a store beside one of them."""

from __future__ import annotations

import component_world

from fatecloud.model.desired import Desired

LEADER, FOLLOWER, REDIS = "serving/zookeeper@n1", "serving/zookeeper@n2", "serving/redis@n1"


def desired() -> Desired:
    """The group, resolved."""
    return component_world.desired("serving")
