"""The sandbox's nodes are real enough, and the transports reach them as OpenSSH does."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fatecloud import inventory
from fatecloud.errors import SandboxError, TransportError
from fatecloud.model.cluster import Cluster
from fatecloud.model.node import Node
from fatecloud.model.passwords import Prompt
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.transport import Transport, connect
from fatecloud.transport.sshconfig import ssh_config
from fatecloud.workflow.sandbox import Handed, sandbox_down, sandbox_list, sandbox_up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SUDO_PASSWORD = "canary-sesame"


@pytest.fixture(scope="module")
def handed(new_sandbox: Callable[[str, int], Handed]) -> Iterator[Handed]:
    """Nodes of this module's own: it changes them."""
    handed = new_sandbox("nodes", 2)
    yield handed
    sandbox_down(handed.sandbox.name)  # its memory is needed for what comes next


@pytest.fixture(scope="module")
def sandbox(handed: Handed) -> Sandbox:
    return handed.sandbox


@pytest.fixture(scope="module")
def cluster(handed: Handed) -> Cluster:
    return inventory.load(handed.inventory)


@contextmanager
def entered(handed: Handed, node: Node, password: str | None = None, timeout: float = 10) -> Iterator[Transport]:
    transport = connect(node, known_hosts=handed.known_hosts, passwords=lambda _node, _kind: password, timeout=timeout)
    try:
        yield transport
    finally:
        transport.close()


def failure(handed: Handed, node: Node, **more: Any) -> TransportError:
    with pytest.raises(TransportError) as caught, entered(handed, node, **more):
        pass
    return caught.value


def by_openssh(handed: Handed, cluster: Cluster, tmp_path: Path, alias: str, *argv: str) -> str:
    config = tmp_path / "ssh_config"
    config.write_text(ssh_config(cluster.nodes.values(), known_hosts=str(handed.known_hosts)))
    done = subprocess.run(
        ["ssh", "-F", str(config), alias, *argv], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def changed(cluster: Cluster, name: str, **ssh: Any) -> Node:
    node = cluster.nodes[name]
    return dataclasses.replace(node, ssh=dataclasses.replace(node.ssh, **ssh))


def test_nodes_boot_a_whole_system_that_has_only_what_a_plain_server_has(sandbox: Sandbox) -> None:
    for node in sandbox.nodes:
        assert sandbox.check(node, ["cat", "/proc/1/comm"]) == "systemd\n"
        assert sandbox.check(node, ["systemctl", "is-system-running"]) == "running\n"
        tools = "for tool in git python3 sudo gcc cc pip pip3; do command -v $tool; done; true"
        assert sandbox.check(node, ["sh", "-c", tools]).split() == ["/usr/bin/git", "/usr/bin/python3", "/usr/bin/sudo"]
    assert len({sandbox.check(node, ["cat", "/etc/machine-id"]) for node in sandbox.nodes}) == len(sandbox.nodes)


def test_package_files_are_there_and_nothing_of_them_is_installed(sandbox: Sandbox) -> None:
    archives = sandbox.check("n1", ["sh", "-c", "ls /var/cache/apt/archives"])
    for package in ("mariadb-server", "rabbitmq-server", "nginx"):
        assert package in archives
        assert sandbox.exec("n1", ["dpkg", "-s", package]).exit != 0
    simulated = ["apt-get", "install", "--print-uris", "-qq", "mariadb-server", "rabbitmq-server", "nginx-light"]
    assert sandbox.check("n1", simulated) == "", "these would still have to be downloaded"


def test_the_inventory_is_ready_and_openssh_and_the_transport_reach_the_same_nodes(
    handed: Handed, cluster: Cluster, tmp_path: Path
) -> None:
    assert sorted(cluster.parties) == ["10000", "9999"]
    for name, node in cluster.nodes.items():
        assert by_openssh(handed, cluster, tmp_path, name, "hostname") == f"{name}\n"
        with entered(handed, node) as transport:
            assert transport.run(["hostname"], timeout=10).text == f"{name}\n"
            assert transport.run(["id", "-un"], timeout=10, become=True).text == "root\n"


def test_a_jump_host_serves_openssh_and_the_transport_alike(handed: Handed, cluster: Cluster, tmp_path: Path) -> None:
    behind = changed(cluster, "n2", jump=f"ops@{cluster.nodes['n1'].address}")
    way = 'echo "$SSH_CONNECTION"'
    jumping = dataclasses.replace(cluster, nodes={**cluster.nodes, "n2": behind})
    said = by_openssh(handed, jumping, tmp_path, "n2", way)
    with entered(handed, behind) as transport:
        seen = transport.run(["sh", "-c", way], timeout=10).text
    for line in (said, seen):
        assert line.split()[0] == cluster.nodes["n1"].address, "the connection did not come from the jump host"


def test_real_sudo_gets_the_password_and_the_command_its_input(
    handed: Handed, cluster: Cluster, sandbox: Sandbox
) -> None:
    sandbox.check("n1", ["useradd", "--create-home", "asked"])
    sandbox.check("n1", ["sh", "-c", f"echo 'asked:{SUDO_PASSWORD}' | chpasswd"])
    sandbox.check("n1", ["sh", "-c", "echo 'asked ALL=(ALL:ALL) ALL' >/etc/sudoers.d/asked"])
    sandbox.check("n1", ["cp", "-a", "/home/ops/.ssh", "/home/asked/"])
    sandbox.check("n1", ["chown", "-R", "asked:", "/home/asked/.ssh"])
    node = dataclasses.replace(changed(cluster, "n1", user="asked"), become_password=Prompt())
    with entered(handed, node, SUDO_PASSWORD) as transport:
        done = transport.run(["sh", "-c", "id -un; cat"], stdin=b"input\n", timeout=20, become=True)
        assert (done.stdout, done.stderr) == (b"root\ninput\n", b"")
    with entered(handed, node, "wrong") as transport, pytest.raises(TransportError) as caught:
        transport.run(["true"], timeout=20, become=True)
    assert caught.value.code == "SUDO_REFUSED"
    with entered(handed, node) as transport, pytest.raises(TransportError) as caught:
        transport.run(["true"], timeout=20, become=True)
    assert caught.value.code == "SUDO_REFUSED"
    # The same password where the rule is NOPASSWD: it must not become the command's input.
    with entered(handed, cluster.nodes["n1"], SUDO_PASSWORD) as transport:
        assert transport.run(["cat"], stdin=b"input\n", timeout=20, become=True).stdout == b"input\n"


def test_a_login_by_password_where_sshd_takes_one(handed: Handed, cluster: Cluster, sandbox: Sandbox) -> None:
    sandbox.check("n2", ["useradd", "--create-home", "typist"])
    sandbox.check("n2", ["sh", "-c", f"echo 'typist:{SUDO_PASSWORD}' | chpasswd"])
    allow = b"Match User typist\n  PasswordAuthentication yes\n  AllowTcpForwarding no\n"
    sandbox.write("n2", "/etc/ssh/sshd_config.d/typist.conf", allow)
    # A reload would close the port for a moment after it has returned.
    sandbox.check("n2", ["systemctl", "restart", "ssh"])
    node = changed(cluster, "n2", user="typist", key=None, password=Prompt())
    assert failure(handed, node, password="wrong").code == "NODE_AUTH_FAILED"
    with entered(handed, node, SUDO_PASSWORD) as transport:
        assert transport.run(["id", "-un"], timeout=10).text == "typist\n"
        with pytest.raises(TransportError) as caught, transport.tunnel("127.0.0.1", 22):
            pass
    assert caught.value.code == "NODE_NO_FORWARDING"


@pytest.mark.parametrize("power_cut", [False, True])
def test_all_nodes_rebooted_at_once_come_back_at_their_addresses(
    handed: Handed, cluster: Cluster, sandbox: Sandbox, *, power_cut: bool
) -> None:
    before = dict(sandbox.addresses)
    for node in sandbox.nodes:
        sandbox.check(node, ["sh", "-c", "touch /run/left /tmp/left /var/lib/kept; sleep 1000 & true"])
    with entered(handed, cluster.nodes["n1"]) as transport:
        sandbox.restart(power_cut=power_cut)
        with pytest.raises(TransportError) as caught:
            transport.run(["true"], timeout=10)
    assert caught.value.code == "NODE_UNREACHABLE"
    assert sandbox.addresses == before
    for node in sandbox.nodes:
        left = sandbox.exec(node, ["sh", "-c", "ls /run/left /tmp/left /var/lib/kept 2>/dev/null; pgrep -c sleep"]).text
        assert left.split() == ["/var/lib/kept", "0"]
        with entered(handed, cluster.nodes[node]) as transport:
            assert transport.run(["hostname"], timeout=10).text == f"{node}\n"


def test_a_frozen_node_costs_its_deadline(handed: Handed, cluster: Cluster, sandbox: Sandbox) -> None:
    sandbox.pause("n2")
    try:
        began = time.monotonic()
        error = failure(handed, cluster.nodes["n2"], timeout=2)
        assert time.monotonic() - began < 4
    finally:
        sandbox.unpause("n2")
    assert error.code == "NODE_TIMEOUT"
    assert "its sshd does not answer" in error.message
    with entered(handed, cluster.nodes["n2"]) as transport:
        assert transport.run(["true"], timeout=10).exit == 0


def test_a_node_behind_a_silent_firewall_costs_its_deadline(handed: Handed, cluster: Cluster, sandbox: Sandbox) -> None:
    sandbox.blackhole("n2")
    try:
        began = time.monotonic()
        error = failure(handed, cluster.nodes["n2"], timeout=2)
        assert 1.5 < time.monotonic() - began < 4
    finally:
        sandbox.heal("n2")
    assert error.code == "NODE_UNREACHABLE"
    with entered(handed, cluster.nodes["n2"]) as transport:
        assert transport.run(["true"], timeout=10).exit == 0


def test_a_node_without_a_network_comes_back_at_its_address(handed: Handed, cluster: Cluster, sandbox: Sandbox) -> None:
    sandbox.disconnect("n2")
    try:
        assert failure(handed, cluster.nodes["n2"], timeout=5).code == "NODE_UNREACHABLE"
    finally:
        sandbox.connect("n2")
    with entered(handed, cluster.nodes["n2"]) as transport:
        assert transport.run(["hostname"], timeout=10).text == "n2\n"


def test_up_again_repairs_what_is_there_and_refuses_another_size(handed: Handed, sandbox: Sandbox) -> None:
    sandbox.pause("n1")
    sandbox.check("n2", ["rm", "/home/ops/.ssh/authorized_keys"])
    text = handed.inventory.read_text() + "# mine\n"
    handed.inventory.write_text(text)
    again = sandbox_up(sandbox.name, 2, "debian-12", cache_packages=True, say=lambda _event: None)
    assert again.inventory.read_text() == text, "the operator's inventory was overwritten"
    cluster = inventory.load(again.inventory)
    for node in cluster.nodes.values():
        with entered(again, node) as transport:
            assert transport.run(["true"], timeout=10).exit == 0
    with pytest.raises(SandboxError, match="with 2 nodes"):
        sandbox_up(sandbox.name, 3, "debian-12", cache_packages=True, say=lambda _event: None)


def test_down_removes_what_is_ours_and_only_that(
    new_sandbox: Callable[[str, int], Handed], handed: Handed, sandbox: Sandbox
) -> None:
    other = new_sandbox("gone", 1)
    assert inventory.load(other.inventory).architecture == "standalone"
    names = {found.name for found in sandbox_list()}
    assert {other.sandbox.name, sandbox.name} <= names
    assert sandbox_down(other.sandbox.name) == 1
    assert {found.name for found in sandbox_list()} == names - {other.sandbox.name}
    assert not other.inventory.parent.exists()
    assert not (other.inventory.parents[2] / other.sandbox.name).exists()
    assert sandbox.check("n1", ["systemctl", "is-system-running"]) == "running\n"
    with pytest.raises(SandboxError, match="there is no sandbox"):
        sandbox_down(other.sandbox.name)


def test_a_node_that_does_not_exist_is_reported(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="has no node n9"):
        sandbox.exec("n9", ["true"])
    with pytest.raises(SandboxError, match="did not end within 1 s"):
        sandbox.exec("n1", ["sleep", "30"], timeout=1)
