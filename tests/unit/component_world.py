"""The two-party example as it is resolved, what its services answer when all is well, and ways to break them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from fatecloud import catalogue
from fatecloud.checks.engine import judge
from fatecloud.components.declared import component_checks
from fatecloud.components.mysql.database import RIGHTS
from fatecloud.inventory import load
from fatecloud.model.check import CheckSpec
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

FLOW, MYSQL, RABBITMQ, NGINX = (f"9999/{name}@a1" for name in ("flow", "mysql", "rabbitmq", "nginx"))
THEIRS = "10000/nginx@b1"
NOW = 1_795_000_000.0

Answers = dict[str, dict[str, Any]]
"""`<service key>:<probe>` -> the document that the probe printed."""
Change = Callable[[Answers], object]


@cache
def desired(example: str = "two-party") -> Desired:
    """An example inventory, resolved."""
    cluster = load(folder("inventories") / f"{example}.yml")
    return resolve(cluster, catalogue.releases_of(cluster))


@cache
def rendered(key: str, example: str = "two-party") -> dict[str, DesiredFile]:
    """The files of one service by their path below its home, or their whole path elsewhere."""
    service = desired(example).services[key]
    files = render_specs(service.specs, key, folder("templates"))
    return {file.path.removeprefix(f"{service.home}/"): file for file in files}


def service(key: str, example: str = "two-party") -> DesiredService:
    return desired(example).services[key]


def healthy(key: str) -> Answers:
    """What the probes of one service answer when all is well; seen on a real cluster, addresses replaced."""
    name = key.partition("/")[2].partition("@")[0]
    other, address = ("10000", "192.0.2.21") if key.startswith("9999") else ("9999", "192.0.2.11")
    own = {"10000": "192.0.2.11", "9999": "192.0.2.21"}[other]
    party = key.partition("/")[0]
    answers: dict[str, Any] = {
        "flow.api": {
            "stage": "ready",
            "seconds": {"api": 0.013, "database": 0.006},
            "version": "2.2.0",
            "providers": ["2.2.0"],
            "ok": True,
        },
        "flow.jobs": {"ok": True, "running": 0, "waiting": 0, "jobs": []},
        "flow.database": {
            "engine": "mysql",
            "ok": True,
            "where": "127.0.0.1:3306",
            "version": "10.11.19-MariaDB",
            "tables": 21,
            "threads": 3,
            "max_connections": 500,
            "seconds": 0.1,
        },
        "flow.schedule": {"ok": True, "age": 1.7, "traceback": False, "last_error": ""},
        "flow.broker": {
            "ok": True,
            "amqp": {"ok": True, "where": "127.0.0.1:5672"},
            "management": {
                "ok": True,
                "where": "127.0.0.1:15672",
                "tags": ["administrator"],
                "full_rights": True,
            },
            "routes": {other: f"{address}:5672", party: f"{own}:5672"},
        },
        "flow.proxy": {"ok": True},
        "flow.sites": {
            "ok": True,
            "peers": {other: {"endpoint": f"{address}:9300", "ok": True, "code": 2000, "own": ""}},
        },
        "rabbitmq.peers": {"ok": True, "peers": {other: {"endpoint": f"{address}:5672", "ok": True}}},
        "mysql.admin": {
            "ok": True,
            "version": "10.11.19-MariaDB",
            "databases": {"fate_flow": {"schema": True, "account": True, "rights": sorted(RIGHTS)}},
            "max_connections": 500,
            "threads_connected": 3,
        },
        "rabbitmq.admin": {
            "ok": True,
            "account": {"ok": True, "tags": ["administrator"]},
            "monitor": {"ok": True},
            "version": "3.10.8",
            "alarms": [],
            "plugins": ["rabbitmq_management", "rabbitmq_federation", "rabbitmq_federation_management"],
            "use": {"mem_used": 1 << 27, "mem_limit": 1 << 33, "disk_free": 1 << 35, "disk_free_limit": 1 << 30},
            "messages": 0,
            "links": [],
        },
        "nginx.http": {"ok": True, "party": party, "missing": []},
        "nginx.upstream": {"ok": True, "status": 200, "code": 0},
        "nginx.peers": {
            "ok": True,
            "peers": {
                other: {"endpoint": f"{address}:9300", "ok": True, "party": other, "behind": {"ok": True, "code": 2000}}
            },
        },
    }
    return {f"{key}:{probe}": answer for probe, answer in answers.items() if probe.startswith(f"{name}.")}


def set_answer(key: str, **values: Any) -> Change:
    """Replace parts of one answer; `a__b` reaches into the part `a`."""

    def change(answers: Answers) -> None:
        for path, value in values.items():
            place: Any = answers[key]
            *inner, last = path.split("__")
            for step in inner:
                place = place[step]
            place[last] = value

    return change


def say(key: str, **document: Any) -> Change:
    """Replace one whole answer."""
    return lambda answers: answers.update({key: document})


def report(*changes: Change, silent: tuple[str, ...] = ()) -> Report:
    """The components' checks on the healthy cluster after changes to what its services answer.

    Args:
        changes: applied in order.
        silent: probes that printed nothing.
    """
    wanted = desired()
    answers: Answers = {}
    for key in wanted.services:
        answers |= deepcopy(healthy(key))
    for change in changes:
        change(answers)
    nodes = {}
    for node in wanted.cluster.nodes:
        keys = [s.id.key for s in wanted.on_node(node)]
        probes = {
            name: ProbeAnswer(None, None, "timeout after 10 s", 10.0)
            if name in silent
            else ProbeAnswer(0, document, None, 0.1)
            for name, document in answers.items()
            if name.partition(":")[0] in keys
        }
        facts = {"clock": Fact({"epoch": NOW}), "services": Fact({})}
        nodes[node] = NodeFacts(node, facts, probes, 0.5)
    return judge(wanted, Observed(nodes, NOW, 0.7, {}), component_checks())


def before(spec: CheckSpec, key: str, **facts: Any) -> list[Finding]:
    """What a component's preflight check finds at one service, given the facts of its node."""
    node = key.rpartition("@")[2]
    seen = NodeFacts(node, {name: Fact(value) for name, value in facts.items()}, {}, 0.5)
    return list(judge(desired(), Observed({node: seen}, NOW, 0.7, {}), [spec], selected=[key]).findings)


def findings(*changes: Change, **more: Any) -> list[Finding]:
    return list(report(*changes, **more).findings)


def root_codes(*changes: Change, **more: Any) -> list[str]:
    """`CODE@subject` of what nothing else explains."""
    return [finding.id for finding in findings(*changes, **more) if not finding.caused_by]
