"""Each way in which a connection fails has its own code."""

import subprocess
import threading
import time
from pathlib import Path

import pytest
from loopback_ssh import HOST_KEY, Server, a_node, known, listening, serving, write_key

from fatecloud.errors import TransportError
from fatecloud.model.node import Node
from fatecloud.transport import connect


def failure(node: Node, hosts: Path, *, password: str | None = None, timeout: float = 5) -> TransportError:
    with pytest.raises(TransportError) as caught:
        connect(node, known_hosts=hosts, passwords=lambda _node, _kind: password, timeout=timeout)
    return caught.value


def hostname(node: Node, hosts: Path, *, password: str | None = None) -> str:
    transport = connect(node, known_hosts=hosts, passwords=lambda _node, _kind: password)
    try:
        return transport.run(["echo", "in"], timeout=5).text
    finally:
        transport.close()


def hosts_of(tmp_path: Path, *servers: Server) -> Path:
    for server in servers:
        known(tmp_path / "known_hosts", server.port, HOST_KEY)
    return tmp_path / "known_hosts"


def test_a_wrong_password_is_an_authentication_failure_that_does_not_repeat_it(tmp_path: Path) -> None:
    with serving(password="right") as server:
        error = failure(a_node(server.port), hosts_of(tmp_path, server), password="canary-wrong")
    assert error.code == "NODE_AUTH_FAILED"
    assert "tried: the password" in error.message
    assert "canary" not in error.message + error.remedy + repr(error)


def test_keys_are_tried_first_and_named_when_they_fail(tmp_path: Path) -> None:
    key = tmp_path / "key"
    write_key(key)
    with serving(password="right") as server:
        error = failure(a_node(server.port, key=str(key)), hosts_of(tmp_path, server), password="wrong")
    assert f"tried: key {key}, the password" in error.message
    assert server.attempts == ["publickey", "password"]


def test_a_good_key_is_enough_and_no_password_is_asked_for(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key")

    def never(_node: Node, kind: str) -> str | None:
        raise AssertionError(kind)

    with serving(key=key, password="right") as server:
        node = a_node(server.port, key=str(tmp_path / "key"))
        connect(node, known_hosts=hosts_of(tmp_path, server), passwords=never).close()
    assert server.attempts == ["publickey"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), ("no key at all\n", "not a readable private key")],
    ids=["absent", "rubbish"],
)
def test_a_key_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, content: str | None, reason: str) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_text(content)
    with serving(password="right") as server:
        error = failure(a_node(server.port, key=str(key)), hosts_of(tmp_path, server))
    assert error.code == "NODE_AUTH_FAILED"
    assert f"key {key} ({reason}" in error.message


def test_a_key_with_a_passphrase_is_used_through_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = write_key(tmp_path / "key", "open sesame")
    with serving(key=key) as server:
        hosts = hosts_of(tmp_path, server)
        node = a_node(server.port, key=str(tmp_path / "key"), agent=True)
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        assert "has a passphrase and is not in the agent" in failure(node, hosts).message
        with _agent(tmp_path / "key", "open sesame", tmp_path, monkeypatch):
            assert hostname(node, hosts) == "in\n"
            without = a_node(server.port, key=str(tmp_path / "key"), agent=False)
            assert failure(without, hosts).code == "NODE_AUTH_FAILED"


class _agent:  # noqa: N801 - reads like a function
    def __init__(self, key: Path, passphrase: str, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._socket = scratch / "agent"
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", str(self._socket)], stdout=subprocess.DEVNULL)
        while not self._socket.exists():
            time.sleep(0.01)
        ask = scratch / "ask"
        ask.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
        ask.chmod(0o700)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(self._socket))
        env = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "SSH_AUTH_SOCK": str(self._socket)}
        subprocess.run(["ssh-add", "-q", str(key)], env=env, check=True, capture_output=True)

    def __enter__(self) -> None:
        """The agent holds the key."""

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def test_a_name_without_an_address(tmp_path: Path) -> None:
    error = failure(a_node(address="no-such-node.invalid"), tmp_path / "known_hosts")
    assert error.code == "NODE_UNRESOLVED"
    assert "no-such-node.invalid" in error.message


def test_a_closed_port_is_unreachable_at_once(tmp_path: Path) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    error = failure(a_node(port), tmp_path / "known_hosts")
    assert error.code == "NODE_UNREACHABLE"
    assert f"127.0.0.1:{port} cannot be reached: Connection refused" in error.message
    assert time.monotonic() - began < 2


def test_a_server_that_never_greets_costs_its_deadline_and_no_more(tmp_path: Path) -> None:
    with listening() as listener:
        began = time.monotonic()
        error = failure(a_node(listener.getsockname()[1]), tmp_path / "known_hosts", timeout=1)
    assert error.code == "NODE_TIMEOUT"
    assert 0.5 < time.monotonic() - began < 3


def test_a_server_that_is_not_sshd_is_unreachable(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        error = failure(a_node(port), tmp_path / "known_hosts")
    assert error.code in ("NODE_UNREACHABLE", "NODE_TIMEOUT")
    assert capfd.readouterr() == ("", ""), "the SSH library wrote to the terminal"


def test_a_jump_host_leads_to_the_node(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key")
    with serving(key=key) as jump, serving(key=key) as target:
        node = a_node(target.port, key=str(tmp_path / "key"), jump=f"gate@127.0.0.1:{jump.port}")
        assert hostname(node, hosts_of(tmp_path, jump, target)) == "in\n"
    assert target.commands == ["echo in"]
    assert jump.commands == []


def test_the_nodes_password_is_never_shown_to_a_jump_host(tmp_path: Path) -> None:
    with serving(password="right") as jump, serving(password="right") as target:
        node = a_node(target.port, jump=f"127.0.0.1:{jump.port}")
        error = failure(node, hosts_of(tmp_path, jump, target), password="right")
    assert error.code == "JUMP_HOST_FAILED"
    assert error.message.startswith(f"a1: jump host 127.0.0.1: 127.0.0.1:{jump.port} does not let ops in")
    assert "a password is never sent to a jump host" in error.remedy
    assert "password" not in jump.attempts


def test_a_jump_host_that_forbids_forwarding(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key")
    with serving(key=key, forwards=False) as jump, serving(key=key) as target:
        node = a_node(target.port, key=str(tmp_path / "key"), jump=f"127.0.0.1:{jump.port}")
        error = failure(node, hosts_of(tmp_path, jump, target))
    assert error.code == "JUMP_HOST_FAILED"
    assert "does not forward connections to" in error.message


def test_a_jump_host_that_is_down_unknown_or_unnamed_is_not_the_nodes_failure(tmp_path: Path) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    down = failure(a_node(22, jump=f"127.0.0.1:{port}"), tmp_path / "known_hosts")
    assert (down.code, "jump host 127.0.0.1: " in down.message) == ("JUMP_HOST_FAILED", True)
    unnamed = failure(a_node(22, jump="bastion.invalid"), tmp_path / "known_hosts")
    assert (unnamed.code, "has no address" in unnamed.message) == ("JUMP_HOST_FAILED", True)
    assert "`ssh: {jump}`" in unnamed.remedy
    key = write_key(tmp_path / "key")
    with serving(key=key) as jump:
        unknown = failure(a_node(22, key=str(tmp_path / "key"), jump=f"127.0.0.1:{jump.port}"), tmp_path / "none")
    assert (unknown.code, "host key" in unknown.message) == ("JUMP_HOST_FAILED", True)
    assert "--accept-new-host-keys" in unknown.remedy


def test_a_node_that_the_jump_host_does_not_reach(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key")
    with listening() as listener:
        port = listener.getsockname()[1]
    with serving(key=key) as jump:
        node = a_node(port, key=str(tmp_path / "key"), jump=f"127.0.0.1:{jump.port}")
        error = failure(node, hosts_of(tmp_path, jump))
    assert error.code == "NODE_UNREACHABLE"
    assert f"127.0.0.1:{port} cannot be reached" in error.message
    assert error.remedy.startswith("ask the administrator of the jump host: nc -vz ")


def test_a_login_that_hangs_costs_its_deadline(tmp_path: Path) -> None:
    with serving(password="right") as server:
        server.delay = 4
        began = time.monotonic()
        error = failure(a_node(server.port), hosts_of(tmp_path, server), password="right", timeout=1)
        assert time.monotonic() - began < 3
    assert error.code == "NODE_TIMEOUT"
    assert "the login" in error.message


def test_a_known_hosts_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.mkdir()
    with serving(password="right") as server:
        error = failure(a_node(server.port), hosts, password="right")
    assert error.code == "NODE_HOST_KEY_UNKNOWN"
    assert f"{hosts} cannot be read" in error.message
