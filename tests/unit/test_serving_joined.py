"""A party of FATE 1.x that takes servers from a group: what follows for its flow and for them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from group_world import loaded, resolved

from fatecloud.errors import InventoryError
from fatecloud.model.desired import Desired
from fatecloud.model.owner import givers_of, needing
from fatecloud.render.files import render_specs
from fatecloud.shipped import folder

NODES = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000017
nodes:
  a1: {address: 10.0.0.1}
  s1: {address: 10.0.0.2}
  s2: {address: 10.0.0.3}
"""
FATE = "{flow: a1, mysql: a1, clustermanager: a1, nodemanager: a1, rollsite: a1, serving-server: %s}"
PARTY = """\
release: %s
architecture: eggroll
parties:
  "9999": {services: %s}
"""
GROUP = """\
groups:
  online:
    release: %s
    services: {zookeeper: s1, redis: s1, serving-server: %s, serving-proxy: s1}
    config: {serving-proxy: {party: %s}}
"""
FROM = "{group: online}"
PAIRS = [("fate-1.11.4", "serving-2.1.7"), ("fate-1.9.2", "serving-2.1.6"), ("fate-1.4.5", "serving-1.3.3")]


def inventory(fate: str, serving: str, *, servers: str = "[s1, s2]", party: str = "9999", taken: str = FROM) -> str:
    return NODES + PARTY % (fate, FATE % taken) + GROUP % (serving, servers, party)


def text_of(found: Desired, key: str, name: str) -> str:
    files = {file.path: file.text for file in render_specs(found.services[key].specs, key, folder("templates"))}
    # In the place of a secret is its name, which YAML does not read.
    return next(text for path, text in files.items() if path.endswith(name)).replace("@@fatecloud:", "secret:")


@pytest.mark.parametrize(("fate", "serving"), PAIRS)
def test_one_line_shows_flow_all_servers_and_each_server_its_flow(tmp_path: Path, fate: str, serving: str) -> None:
    found = resolved(tmp_path, inventory(fate, serving))
    servers = ["10.0.0.2:8000", "10.0.0.3:8000"]
    if fate == "fate-1.4.5":
        assert json.loads(text_of(found, "9999/flow@a1", "server_conf.json"))["servers"]["servings"] == servers
    else:
        assert yaml.safe_load(text_of(found, "9999/flow@a1", "service_conf.yaml"))["servings"] == {"hosts": servers}
    for node in ("s1", "s2"):
        settings = text_of(found, f"online/serving-server@{node}", "serving-server.properties")
        assert "model.transfer.url=http://10.0.0.1:9380/v1/model/transfer\n" in settings
    flow = found.services["9999/flow@a1"]
    assert {"10.0.0.2/32", "10.0.0.3/32"} < {*flow.process.networks}
    assert {port.bind for port in flow.ports if port.name == "http"} <= {"10.0.0.1", "0.0.0.0"}  # noqa: S104
    assert "10.0.0.1/32" in found.services["online/serving-server@s2"].process.networks
    assert [given.giver for given in found.given if given.contribution.kind == "serving-server.source"] == [
        "online/serving-server@s1",
        "online/serving-server@s2",
    ]


def test_flow_comes_from_any_address_of_its_node(tmp_path: Path) -> None:
    text = inventory("fate-1.11.4", "serving-2.1.7").replace(
        "{address: 10.0.0.1}", "{address: 10.0.0.1, advertise: 10.1.0.1}"
    )
    networks = {*resolved(tmp_path, text).services["online/serving-server@s2"].process.networks}
    assert {"10.0.0.1/32", "10.1.0.1/32"} < networks


def test_on_one_node_both_reach_each_other_there(tmp_path: Path) -> None:
    text = inventory("fate-1.11.4", "serving-2.1.7").replace("s1", "a1").replace("  a1: {address: 10.0.0.2}\n", "")
    found = resolved(tmp_path, text.replace("[a1, s2]", "a1"))
    assert yaml.safe_load(text_of(found, "9999/flow@a1", "service_conf.yaml"))["servings"]["hosts"] == [
        "127.0.0.1:8000"
    ]
    own = found.services["9999/flow@a1"].facts["job_api"]
    settings = text_of(found, "online/serving-server@a1", "serving-server.properties")
    assert f"model.transfer.url={own}/v1/model/transfer\n" in settings


def test_what_the_servers_do_interrupts_no_job_of_the_party(tmp_path: Path) -> None:
    owners = loaded(tmp_path, inventory("fate-1.11.4", "serving-2.1.7")).owners
    assert [*needing(owners, "online", "serving-server")] == ["online"]
    assert {giver.id for giver in givers_of(owners, owners["9999"])} == {"9999", "online"}
    assert [giver.id for giver in givers_of(owners, owners["9999"], hard=True)] == ["9999"]


def test_a_flow_that_the_settings_name_comes_first(tmp_path: Path) -> None:
    text = inventory("fate-1.11.4", "serving-2.1.7").replace(
        "{serving-proxy: {party: 9999}}", '{serving-proxy: {party: 9999}, serving-server: {flow: "10.0.0.9:9380"}}'
    )
    settings = text_of(resolved(tmp_path, text), "online/serving-server@s1", "serving-server.properties")
    assert "model.transfer.url=http://10.0.0.9:9380/v1/model/transfer\n" in settings


def test_a_party_that_does_not_join_has_no_server(tmp_path: Path) -> None:
    text = inventory("fate-1.11.4", "serving-2.1.7").replace(f", serving-server: {FROM}", "")
    found = resolved(tmp_path, text)
    assert "servings" not in yaml.safe_load(text_of(found, "9999/flow@a1", "service_conf.yaml"))
    settings = text_of(found, "online/serving-server@s1", "serving-server.properties")
    assert "model.transfer.url" not in settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (inventory("fate-1.11.4", "serving-1.3.3"), "is not for a party of FATE 1.11.4: FATE-Serving 1.3 loads"),
        (inventory("fate-1.4.5", "serving-2.1.6"), "is not for a party of FATE 1.4.5: FATE-Serving 2.1 loads"),
        (
            inventory("fate-1.11.4", "serving-2.1.7", party="9998"),
            "takes servers from group online, which serves party",
        ),
        (
            inventory("fate-1.11.4", "serving-2.1.7").replace(FROM, f"{FROM}, serving-proxy: {FROM}"),
            "cannot take serving-proxy from a group: FATE-Flow loads models into servers alone",
        ),
        (inventory("fate-1.11.4", "serving-2.1.7", taken="s2"), "the release fate-1.11.4 has no serving-server"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InventoryError, match=says):
        loaded(tmp_path, text)
