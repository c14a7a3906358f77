"""A group with an ensemble of three and a Redis, what its services answer when all is well, and ways to break them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fatecloud import catalogue
from fatecloud.components.declared import component_checks
from fatecloud.inventory import load
from fatecloud.model.check import FactAbsent, ServiceView
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.observed import NodeFacts, Observed, ProbeAnswer
from fatecloud.resolve.desired import resolve

INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000002
defaults: {ssh: {user: ops}, become: root}
nodes:
  n1: {address: 192.0.2.11}
  n2: {address: 192.0.2.12}
  n3: {address: 192.0.2.13}
groups:
  serving:
    release: serving-2.1.7
    services: {zookeeper: [n1, n2, n3], redis: n1}
"""
LEADER, FOLLOWER, REDIS = "serving/zookeeper@n1", "serving/zookeeper@n2", "serving/redis@n1"

_STATE = {"ok": True, "mode": "leader", "version": "3.8.0", "figures": {"zk_synced_followers": 2}}
_PEER = {"ok": True, "mode": "follower", "version": "3.8.0"}
HEALTHY: Mapping[str, Mapping[str, Any]] = {
    "zookeeper.state": _STATE,
    "zookeeper.members": {"ok": True, "peers": {"n2": _PEER, "n3": _PEER}},
    "zookeeper.access": {"ok": True},
    "redis.login": {
        "ok": True,
        "redis_version": "7.0.15",
        "used_memory": "1048576",
        "maxmemory": "268435456",
        "maxmemory_policy": "volatile-lru",
        "aof_enabled": "1",
        "aof_last_write_status": "ok",
        "aof_last_bgrewrite_status": "ok",
        "keys": 10,
        "expiring": 10,
    },
}


@cache
def desired(more: str = "") -> Desired:
    """The group, resolved."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "inventory.yml"
        path.write_text(INVENTORY + more)
        cluster = load(path)
    return resolve(cluster, catalogue.releases_of(cluster))


def findings(key: str, **answers: Mapping[str, Any]) -> list[Finding]:
    """What the component's checks find at a service.

    Args:
        key: of the service.
        answers: probe, with `_` for its dot -> what it says instead.
    """
    service = desired().services[key]
    said = {name: dict(HEALTHY[name]) | dict(answers.get(name.replace(".", "_"), {})) for name in HEALTHY}
    probes = {f"{key}:{name}": ProbeAnswer(0, document, None, 0.1) for name, document in said.items()}
    facts = NodeFacts(service.id.node, {}, probes, 0.1)
    view = ServiceView(desired(), Observed({service.id.node: facts}, 0.0), facts, service=service)
    found: list[Finding] = []
    for check in component_checks():
        if check.component == service.id.component and not {f.code for f in found} & set(check.after):
            try:
                found += check.function(view)
            except FactAbsent as error:  # a check that cannot say anything then must not say that all is well
                raise AssertionError(f"{check.name}: {error}") from error
    return found
