"""Real inventories that were edited and not deployed: only DEPLOY_PENDING, whatever the new questions are answered."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from component_world import GOLDEN, NOW, desired, healthy

from fatecloud import catalogue
from fatecloud.checks.deployed import up_to_date
from fatecloud.checks.engine import judge
from fatecloud.checks.misdirected import directed
from fatecloud.components.declared import component_checks
from fatecloud.inventory import load
from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.finding import Report
from fatecloud.model.judged import judged_of
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder as shipped

TEXT = (GOLDEN / "two-party.yml").read_text()
PEER = 'peers:\n  "8888": {proxy: "p.example:9300", broker: "p.example:5672"}\n'
THIRD = '  "8888":\n    services: {flow: %s}\n'
SHIFTED = """\
    config:
      flow: {ports: {http: 9390, grpc: 9370}}
      mysql: {ports: {mysql: 3316}}
      nginx: {ports: {http: 9310, outbound: 9311}}
      rabbitmq: {ports: {management: 15682, dist: 25682, epmd: 4380, amqp: 5682}}
"""
EDITS = {
    "a peer": TEXT + PEER,
    "a party on a new node": TEXT.replace("parties:", "  c1: {address: 192.0.2.31}\nparties:") + THIRD % "c1",
    "a party on a node that has one": TEXT + THIRD % "b1" + SHIFTED,
    "another user": TEXT.replace("become: root", "become: root\n  service_user: app"),
    "another address": TEXT.replace("192.0.2.21", "192.0.2.22"),
    "another port of the database": TEXT.replace(
        "{flow: a1}", "{flow: a1}\n    config: {mysql: {ports: {mysql: 3316}}}"
    ),
    "another level of its log": TEXT.replace("{flow: a1}", "{flow: a1}\n    config: {flow: {log_level: 10}}"),
}


def of(text: str, folder: Path) -> Desired:
    file = folder / "inventory.yml"
    file.write_text(text)
    cluster = load(file)
    return with_files(resolve(cluster, catalogue.releases_of(cluster)))


def with_files(wanted: Desired) -> Desired:
    files: dict[str, list[DesiredFile]] = {node: [] for node in wanted.cluster.nodes}
    for key, service in wanted.services.items():
        files[service.id.node] += render_specs(service.specs, key, shipped("templates"))
    return replace(wanted, files={node: tuple(found) for node, found in files.items()})


def seen(then: Desired, now: Desired, changed: Mapping[str, Any]) -> Observed:
    """The cluster as `then` was deployed, asked what `now` asks: each question that is new gets a refusal."""
    refusal = {"ok": False, "kind": "refused", "error": "refused", "stage": "api"}
    nodes = {}
    for node in now.cluster.nodes:
        there = then.on_node(node) if node in then.cluster.nodes else ()
        answers: dict[str, Any] = {}
        for service in there:
            asked = {probe.name: probe.argv for probe in service.probes}
            said = deepcopy(healthy(service.id.key))
            for probe in now.services[service.id.key].probes:
                name = f"{service.id.key}:{probe.name}"
                answers[name] = said[name] if name in said and asked.get(probe.name) == probe.argv else dict(refusal)
        answers |= {key: value for key, value in changed.items() if key in answers}
        manifest = {
            "services": {s.id.key: {"version": s.version, "judged": judged_of(s)} for s in there},
            "files": {f.path: {"digest": f.digest, "service": f.service} for f in then.files.get(node, ())},
        }
        keys = {service.id.key for service in there}
        absent, runs = {"state": "absent"}, {"state": "running"}
        facts = {
            "clock": {"epoch": NOW, "boot_epoch": None},
            "services": {s.id.key: runs if s.id.key in keys else absent for s in now.on_node(node)},
            "manifest": manifest if there else None,
            "register": [],
            "data": {},
        }
        probes = {name: ProbeAnswer(0, document, None, 0.1) for name, document in answers.items()}
        # Questions are asked as the user that the inventory has now.
        gone = tuple(f"{key}:" for key in keys if then.services[key].user != now.services[key].user)
        probes |= {n: ProbeAnswer(None, None, "there is no user app", 0.1) for n in probes if n.startswith(gone)}
        nodes[node] = NodeFacts(node, {name: Fact(value) for name, value in facts.items()}, probes, 0.5)
    return Observed(nodes, NOW, 0.7, {})


def report(edit: str, folder: Path, changed: Mapping[str, Any] | None = None) -> Report:
    then, now = with_files(desired()), of(EDITS[edit], folder)
    return judge(now, seen(then, now, changed or {}), (up_to_date, directed, *component_checks()))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_is_not_deployed_raises_nothing_critical(edit: str, tmp_path: Path) -> None:
    found = report(edit, tmp_path)
    # What rests on the inventory alone says what it would leave open once it is deployed.
    assert {finding.code for finding in found.findings if finding.source != "inventory"} == {"DEPLOY_PENDING"}
    assert {finding.severity for finding in found.findings} == {"warning"}
    assert {entry.reason for entry in found.skipped} <= {"DEPLOY_PENDING"}


def test_an_edit_of_one_setting_leaves_the_other_checks_as_they_are(tmp_path: Path) -> None:
    gone = {"ok": False, "kind": "refused", "where": "127.0.0.1:3306", "error": "refused", "engine": "mysql"}
    found = report("another level of its log", tmp_path, {"9999/flow@a1:flow.database": gone})
    assert {finding.code for finding in found.findings} == {"DEPLOY_PENDING", "FLOW_DATABASE_REFUSED"}


def test_an_edited_port_is_not_where_the_neighbour_is_yet(tmp_path: Path) -> None:
    gone = {"ok": False, "kind": "refused", "where": "127.0.0.1:3306", "error": "refused", "engine": "mysql"}
    found = report("another port of the database", tmp_path, {"9999/flow@a1:flow.database": gone})
    assert {finding.code for finding in found.findings} == {"DEPLOY_PENDING", "FLOW_DATABASE_REFUSED"}
