"""The defaults of what an inventory leaves out, and where each value comes from."""

import getpass
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inventory_fakes import ALONE, COMPONENTS, GOOD, loaded

from fatecloud import catalogue
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.owner import Placed
from fatecloud.model.passwords import Prompt, SecretRef


def test_defaults_lie_between_the_node_and_what_is_built_in(tmp_path: Path) -> None:
    text = GOOD.replace("address: 10.0.0.11", "address: 10.0.0.11, ssh: {user: root}, paths: {logs: /var/log/fate}")
    cluster = loaded(tmp_path, text)
    a1, a2 = cluster.nodes["a1"], cluster.nodes["a2"]
    assert (a1.ssh.user, a1.ssh.port, a2.ssh.user) == ("root", 2222, "ops")
    assert (a1.paths.base, a1.paths.logs, a1.paths.data) == (
        "/data/projects/fate",
        "/var/log/fate",
        "/data/projects/fate/data",
    )
    assert cluster.origins["nodes.a1.ssh.user"].source == "inventory.yml:9:34"
    assert cluster.origins["nodes.a1.ssh.port"].source == "defaults at inventory.yml:6:20"
    assert cluster.origins["nodes.a1.become"].source == "built in (from the connection)"
    assert cluster.origins["nodes.a1.paths.data"].source == "built in (below base)"
    assert cluster.origins["parties.9999.public.broker"].source == "inventory.yml:14:7"
    assert cluster.origins["parties.9999.config.flow.computing.cores"].source == "inventory.yml:22:21"
    assert cluster.origins["parties.9999.config.flow.log.level"].source == "built in"
    assert cluster.origins["parties.9999.config.flow.upstream"].source == "derived"
    assert cluster.origins["peers.10000.proxy"].source == "inventory.yml:24:13"


def test_an_ssh_node_is_entered_as_root_and_run_by_systemd(tmp_path: Path) -> None:
    node = loaded(tmp_path, GOOD).nodes["a2"]
    assert (node.connection, node.become, node.supervision, node.packages) == ("ssh", "root", "systemd", "repos")
    assert (node.advertise, node.bind, node.cores) == ("192.168.7.12", None, 32)
    assert (node.outside, node.inside) == ("0.0.0.0", "192.168.7.12")  # noqa: S104
    assert (node.service_user, node.service_group) == ("app", "app")


def test_a_lone_local_node_needs_no_root_and_listens_on_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    cluster = loaded(tmp_path, ALONE)
    node = cluster.nodes["here"]
    assert (node.connection, node.become, node.supervision, node.packages) == (
        "local",
        "none",
        "supervisor",
        "preinstalled",
    )
    assert (node.advertise, node.outside) == ("127.0.0.1", "127.0.0.1")
    assert node.service_user == getpass.getuser()
    assert node.paths.base == "/home/someone/fatecloud"
    assert cluster.parties["9999"].placement == {"flow": (Placed("here"),)}
    assert cluster.origins["parties.9999.services.flow"].source == "built in (the only node)"


def test_home_is_understood_on_a_local_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    text = ALONE.replace("{address: local}", "{address: local, paths: {base: ~/fate/}}")
    assert loaded(tmp_path, text).nodes["here"].paths.base == "/home/someone/fate"


def test_left_out_services_go_to_the_node_of_the_others(tmp_path: Path) -> None:
    services = "      flow: a1\n      mysql: a1\n      rabbitmq: a2\n      nginx: a2\n"
    cluster = loaded(tmp_path, GOOD.replace(services, "      nginx: a2\n"))
    placement = cluster.parties["9999"].placement
    assert placement == dict.fromkeys(("flow", "mysql", "nginx", "rabbitmq"), (Placed("a2"),))
    assert "worker" not in placement
    assert cluster.origins["parties.9999.services.flow"].source == "built in (the node of the party's other services)"


def with_release(monkeypatch: pytest.MonkeyPatch, **defaults: Any) -> None:
    """A release that has all the fake components, with defaults of its own."""
    release = replace(catalogue.load("fate-2.2.0"), components=dict.fromkeys(COMPONENTS, "1"), defaults=defaults)
    monkeypatch.setattr("fatecloud.inventory.loader.find_release", lambda *_: release)


def test_a_component_may_be_on_many_nodes_when_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_release(monkeypatch)
    cluster = loaded(tmp_path, GOOD.replace("flow: a1\n", "flow: a1\n      worker: [a1, a2]\n"))
    assert cluster.parties["9999"].placement["worker"] == (Placed("a1"), Placed("a2"))


def test_public_endpoints_come_from_the_node_and_the_port(tmp_path: Path) -> None:
    text = GOOD.replace("      flow:\n", "      nginx: {ports: {proxy: 9301}}\n      flow:\n")
    cluster = loaded(tmp_path, text)
    assert cluster.parties["9999"].public == {
        "broker": Endpoint("fate.us.example", 5672),
        "proxy": Endpoint("192.168.7.12", 9301),
    }
    origin = cluster.origins["parties.9999.public.proxy"].source
    assert origin == "built in (advertise of a2 and port proxy of nginx)"


def test_settings_are_flat_and_typed(tmp_path: Path) -> None:
    text = GOOD.replace("computing: {cores: 16}", 'log: {keep: 2GiB}\n        upstream: "[::1]:80"\n        auth: yes')
    config = loaded(tmp_path, text).parties["9999"].config["flow"]
    assert config == {
        "computing.cores": None,
        "log.level": "info",
        "log.keep": 2 * 1024**3,
        "upstream": Endpoint("::1", 80),
        "title": "FATE",
        "auth": True,
        "ports.http": 9380,
        "ports.grpc": 9360,
    }


def test_a_release_may_have_defaults_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_release(monkeypatch, flow={"log": {"keep": "1G", "level": "debug"}, "unheard": 1})
    text = GOOD.replace("computing: {cores: 16}", "log: {level: info}")
    cluster = loaded(tmp_path, text)
    config = cluster.parties["9999"].config["flow"]
    assert (config["log.keep"], config["log.level"], "unheard" in config) == (1024**3, "info", False)
    assert cluster.origins["parties.9999.config.flow.log.keep"].source == "release fate-2.2.0"


def test_passwords_are_references(tmp_path: Path) -> None:
    text = GOOD.replace("port: 2222}", "port: 2222, password: prompt, jump: 'me@bastion:22'}")
    text = text.replace("service_user: app", "become_password: {secret: sudo.ops}")
    node = loaded(tmp_path, text).nodes["a1"]
    assert node.ssh.password == Prompt()
    assert node.become_password == SecretRef("sudo.ops")
    assert node.ssh.jump == "me@bastion:22"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("/keys/id", "/keys/id"), ("~/.ssh/id", "/home/someone/.ssh/id"), ("keys/id", "{here}/keys/id")],
)
def test_a_key_file_is_found_from_home_or_beside_the_inventory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    node = loaded(tmp_path, GOOD.replace("port: 2222", f"key: {written}")).nodes["a1"]
    assert node.ssh.key == expected.format(here=tmp_path)


def test_equal_addresses_with_other_ssh_ports_are_other_machines(tmp_path: Path) -> None:
    text = GOOD.replace("address: 10.0.0.11", "address: 10.0.0.12, ssh: {port: 2223}")
    assert loaded(tmp_path, text).nodes["a1"].ssh.port == 2223


def test_ipv6_neighbours_can_get_in(tmp_path: Path) -> None:
    node = loaded(tmp_path, GOOD.replace("address: 10.0.0.11", 'address: "fd00::1"')).nodes["a1"]
    assert (node.advertise, node.outside, node.inside) == ("fd00::1", "::", "fd00::1")


@pytest.mark.parametrize(
    "jump", ["bastion", "me@bastion", "bastion:2200", "me@10.0.0.1:22", "[fd00::1]", "x@[fd00::1]:22"]
)
def test_jump_hosts(tmp_path: Path, jump: str) -> None:
    assert loaded(tmp_path, GOOD.replace("port: 2222", f"jump: '{jump}'")).nodes["a1"].ssh.jump == jump


def test_a_local_node_with_an_address_can_be_reached_by_others(tmp_path: Path) -> None:
    text = ALONE.replace("address: local", "address: 10.0.0.5, connection: local")
    node = loaded(tmp_path, text).nodes["here"]
    assert (node.connection, node.advertise, node.outside) == ("local", "10.0.0.5", "0.0.0.0")  # noqa: S104
