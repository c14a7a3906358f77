"""The generated ssh_config, as OpenSSH itself reads it."""

import subprocess
from pathlib import Path

import pytest
from loopback_ssh import a_node

from fatecloud.model.node import Node
from fatecloud.model.passwords import SecretRef
from fatecloud.transport.sshconfig import ssh_config


def effective(
    tmp_path: Path, alias: str, *nodes: Node, known_hosts: str = "known_hosts", **more: str
) -> dict[str, str]:
    """What `ssh -G` makes of it."""
    file = tmp_path / "ssh_config"
    file.write_text(ssh_config(nodes, known_hosts=known_hosts, **more))
    done = subprocess.run(["ssh", "-G", "-F", str(file), alias], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_a_node_is_reached_by_its_name_as_the_inventory_says(tmp_path: Path) -> None:
    found = effective(tmp_path, "a1", a_node(2222, address="10.0.0.11", key="/keys/id"))
    assert {name: found[name] for name in ("hostname", "port", "user", "identityfile", "identitiesonly")} == {
        "hostname": "10.0.0.11",
        "port": "2222",
        "user": "ops",
        "identityfile": "/keys/id",
        "identitiesonly": "yes",
    }


def test_only_the_private_host_keys_count_and_nothing_is_asked(tmp_path: Path) -> None:
    found = effective(tmp_path, "a1", a_node(), known_hosts="/state of/100%/known_hosts")
    assert found["userknownhostsfile"] in ('"/state of/100%/known_hosts"', "/state of/100%/known_hosts")
    assert found["globalknownhostsfile"] == "/dev/null"
    assert found["stricthostkeychecking"] in ("true", "yes")
    assert found["batchmode"] == "yes"
    assert found["serveraliveinterval"] == "15"
    assert found["identitiesonly"] == "no"


def test_where_a_password_is_given_ansible_may_be_asked_for_it(tmp_path: Path) -> None:
    node = a_node(password=SecretRef("ssh.a1"))
    assert effective(tmp_path, "a1", node)["batchmode"] == "no"


@pytest.mark.parametrize(
    ("jump", "host", "port", "user"),
    [
        ("gate.example", "gate.example", "22", "ops"),
        ("me@gate.example:2200", "gate.example", "2200", "me"),
        ("me@[fd00::1]:2200", "fd00::1", "2200", "me"),
    ],
)
def test_a_jump_host_has_an_entry_of_its_own(tmp_path: Path, jump: str, host: str, port: str, user: str) -> None:
    nodes = (a_node(key="/keys/id", jump=jump), a_node(name="a2", key="/keys/id", jump=jump), a_node(name="a3"))
    alias = effective(tmp_path, "a1", *nodes)["proxyjump"]
    assert effective(tmp_path, "a2", *nodes)["proxyjump"] == alias, "one jump host, one entry"
    assert "proxyjump" not in effective(tmp_path, "a3", *nodes)
    found = effective(tmp_path, alias, *nodes)
    assert (found["hostname"], found["port"], found["user"], found["identityfile"]) == (host, port, user, "/keys/id")
    assert found["stricthostkeychecking"] in ("true", "yes")


def test_connections_are_shared_only_where_a_socket_is_named(tmp_path: Path) -> None:
    assert effective(tmp_path, "a1", a_node())["controlmaster"] == "false"
    found = effective(tmp_path, "a1", a_node(), control_path="/run/x/%C")
    assert found["controlmaster"] == "auto"
    assert found["controlpath"].startswith("/run/x/")


def test_local_nodes_are_left_out() -> None:
    text = ssh_config([a_node(name="here", address="local")], known_hosts="known_hosts")
    assert "here" not in text
